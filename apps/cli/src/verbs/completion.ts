import { Argument, Command } from 'commander';
import { print } from '../terminal/output.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

type Shell = (typeof SHELLS)[number];

/** @param program with every verb: completes their names and options. */
export function completionCommand(program: Command): Command {
  return new Command('completion')
    .summary('print a script that completes verbs and options')
    .description(
      'Prints a completion script for a shell:\n' +
        '  bash, zsh:  source <(btfdepot completion bash)\n' +
        '  fish:       btfdepot completion fish | source',
    )
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell) => {
      print(shell === 'fish' ? fish(program) : bash(program, shell));
    });
}

/** With its sub-verbs, if any. */
function optionsOf(command: Command): string[] {
  const all = [command, ...command.commands];
  const options = all.flatMap((one) => one.options.flatMap(({ long, short }) => [long, short]));
  return [...new Set(options), '--help'].filter((flag) => typeof flag === 'string');
}

function verbsOf(command: Command): string[] {
  return command.commands.map((one) => one.name());
}

/** zsh runs bash's completion; files are completed unless an option was begun. */
function bash(program: Command, shell: 'bash' | 'zsh'): string {
  const verbs = verbsOf(program).join(' ');
  const cases = program.commands.map(
    (command) =>
      `    ${command.name()}) verbs='${verbsOf(command).join(' ')}' ` +
      `options='${optionsOf(command).join(' ')}' ;;`,
  );
  return `${shell === 'zsh' ? 'autoload -U +X bashcompinit && bashcompinit\n' : ''}_btfdepot() {
  local verbs options current=\${COMP_WORDS[COMP_CWORD]}
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${verbs} --help --version' -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
    *) return ;;
  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$verbs" -- "$current") $(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _btfdepot btfdepot
`;
}

function fish(program: Command): string {
  const lines = program.commands.flatMap((command) => {
    const verb = command.name();
    const offered = `complete -c btfdepot -n __fish_use_subcommand -f -a ${verb} -d '${quoted(command.summary())}'`;
    const options = command.options
      .filter(({ long }) => typeof long === 'string')
      .map(
        ({ long, description }) =>
          `complete -c btfdepot -n '__fish_seen_subcommand_from ${verb}' ` +
          `-l ${String(long).slice(2)} -d '${quoted(description)}'`,
      );
    return [offered, ...options];
  });
  return `${lines.join('\n')}\n`;
}

function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
}
