/** The text of `lanco -h`. */
export const HELP = `Usage: lanco [-d...] [-D token]... <namespace> <command> [options]

Runs long tasks that go on when their caller is restarted, upgraded or dies.

  sudo lanco web init -u $(id -un)      make a namespace: once a boot, as root
  lanco web run import ./import --all   start a task
  lanco web check import                exits 0 if it runs, 3 if it does not
  lanco web ls                          list the running tasks
  lanco web logs -f import              follow its output until it ends
  lanco web stop import                 stop it with all its processes

Commands:
  init            make a namespace for a user
  run, start      start a task
  stop, kill      stop tasks
  check           tell by the exit status whether tasks run
  ls              show the running tasks and their processes
  status          show the state of a task, how it ended, and what it used
  top             watch the tasks and what they use
  logs            show or follow the log of a task
  wait            wait until tasks have ended
  events          print when tasks start, pause, resume and end
  dump            print all that is known of tasks, as JSON
  batch           run many commands, given as JSON lines
  metrics         print counters and gauges for Prometheus
  pause, resume   freeze tasks, and let them go on
  signal          send a signal to all processes of tasks
  limit           show or change the limits of running tasks
  forget          remove the records of tasks that have ended
  release         remove a namespace, or the remains of a task
  lanco namespaces                      the namespaces of this host
  lanco doctor                          what this host supports and lacks
  lanco man                             the manual page
  lanco completions bash|zsh|fish       a completion script for a shell
  lanco <namespace> <command> -h        more about a command

Options:
  -d          more messages; -dd for debugging
  -D TOKEN    debugging messages of TOKEN only
  -v          print the version, that of the runtime, and the machine
  -h          print this help

Exit status: 0 done, 1 failed, 2 wrong command line, 3 not running, 4 already
running, 5 namespace not initialised, 6 not permitted; run: 126 cannot be
executed, 127 not found; run -f: else the command's, 125 lanco failed; wait: the
command's, 124 the time ran out, 125 not known; both: 128+n died of signal n.

Manual: lanco man, and for authors of daemons: lanco man daemon
`;
