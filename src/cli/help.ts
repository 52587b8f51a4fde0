/** What `lanco -h` prints. */
export const HELP = `Usage: lanco [-d...] [-D token]... <namespace> <command> [options]

Runs long tasks that go on when their caller is restarted, upgraded or dies.

  sudo lanco web init -u $(id -un)      once a boot, as root
  lanco web run import ./import --all   start a task
  lanco web check import                exits 0 while it runs, 3 when it does not
  lanco web ls                          what runs
  lanco web logs -f import              what it says, until it ends
  lanco web stop import                 with all that it has started

Commands:
  init            make a namespace for a user
  run, start      start a task
  stop, kill      stop tasks
  check           are they running? The exit status answers
  ls              show the running tasks and their processes
  status          how a task is, or how it ended, and what it has used
  top             watch the tasks and what they use
  logs            show or follow the log of a task
  wait            wait until tasks have ended
  events          tell what becomes of tasks, as it happens
  dump            JSON of everything
  batch           many commands, as JSON lines
  metrics         counters and gauges for Prometheus
  pause, resume   hold tasks, and let them go on
  signal          send a signal to all processes of tasks
  release         remove a namespace, or what is left of a task
  lanco namespaces                      the namespaces of this host
  lanco doctor                          what this host offers, and what it lacks
  lanco man                             the manual page
  lanco completions bash|zsh|fish       what makes a shell complete all this
  lanco <namespace> <command> -h        more about a command

Options:
  -d          more messages; -dd for debugging
  -D TOKEN    of the debugging messages, only those of TOKEN
  -v          print the version
  -h          print this help

Exit status: 0 done, 1 failed, 2 wrong command line, 3 not running, 4 already
running, 5 namespace not initialised, 6 not permitted; run -f: the command's own,
125 lanco failed, 126 cannot be executed, 127 not found, 128+n died of signal n;
wait: the task's status, 124 if the time ran out, 125 if it is not known.
`;
