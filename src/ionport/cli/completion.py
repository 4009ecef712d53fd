"""`ionport completion`: the script by which a shell completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a SHELL; it asks this program what may follow.

    Let the shell read it at its start:

    \b
    ionport completion bash >> ~/.bashrc
    ionport completion zsh >> ~/.zshrc
    ionport completion fish > ~/.config/fish/completions/ionport.fish
    """  # noqa: D301 click reads the sign as "keep the lines"
    kind = get_completion_class(shell)
    if kind is None:
        raise click.ClickException(f"There is no completion for {shell}.")
    click.echo(kind(ctx.find_root().command, {}, "ionport", "_IONPORT_COMPLETE").source())
