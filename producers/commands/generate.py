"""Text from the model that serves: generate."""

from pathlib import Path

import click

from producers.commands.common import open_workspace, say, workspace_option
from producers.exporting import needs_train_extra
from producers.publishing import open_served

_KEPT_CONTROLS = "\n\t"


@click.command()
@click.argument("prompt")
@click.option(
    "--tokens",
    type=click.IntRange(1, 4096),
    default=100,
    show_default=True,
    help="Most tokens to say.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**64 - 1),
    default=0,
    show_default=True,
    help="What the draws follow from.",
)
@click.option(
    "--temperature",
    type=float,
    default=1.0,
    show_default=True,
    help="0 takes the likeliest token each time.",
)
@click.option("--model", "model_name", default="", help="Its name; the newest one's.")
@workspace_option
def generate(
    prompt: str,
    tokens: int,
    seed: int,
    temperature: float,
    model_name: str,
    folder: Path,
) -> None:
    """Go on from PROMPT, as the newest serving manifest says.

    Exit code 3 where it names weights that saw an erased or restricted record.
    """
    with open_workspace(folder) as workspace:
        served, model = open_served(workspace, model_name)
    with needs_train_extra():
        from producers.serving.generate import generate as go_on

    if not served.adapters:
        say("every shard is rolled back: the base answers alone")
    said = go_on(
        model, prompt.encode(), tokens=tokens, seed=seed, temperature=temperature
    )
    click.echo(_shown(prompt + said.decode(errors="replace")))


def _shown(text: str) -> str:
    """The text without what would steer a terminal."""
    return "".join(
        letter if letter in _KEPT_CONTROLS or letter.isprintable() else "\ufffd"
        for letter in text
    )


COMMANDS = (generate,)
