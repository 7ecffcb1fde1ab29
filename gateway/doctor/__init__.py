"""``python -m gateway doctor``: what is wrong with this installation, and how to mend it."""

from .command import add_doctor_command, run_doctor_command

__all__ = ["add_doctor_command", "run_doctor_command"]
