"""Documents of their own: TDMRep, RSL, ai.txt, trust.txt."""
