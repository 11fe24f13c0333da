"""What the start and the end of a run say where a test is about something else."""

from typing import Any

PLAIN_START: dict[str, Any] = {
    "reexecutable": True,
    "code_commit": "",
    "environment_sha256": "e7" * 32,
    "seeds_sha256": "",
    "dataset_sha256": "",
    "device": "cpu",
    "data_parallel": 1,
    "tensor_parallel": 1,
    "pipeline_parallel": 1,
    "resumes_run_id": "",
    "resumes_sha256": "",
}

PLAIN_END: dict[str, Any] = {
    "wall_ms": 0,
    "memory_peak_bytes": 0,
    "energy_joules": 0,
}
