#compdef lanco
# Completion of lanco(8) for zsh. Printed by "lanco completions zsh". Namespaces and
# tasks are found by globbing: completing them starts no process.

_lanco_signals() {
  compadd "$@" - @SIGNALS@
}

# _lanco_runs [OPTION...]: offers the ids of the runs on record, if there is a task on the line only
# its own.
_lanco_runs() {
  setopt local_options extended_glob
  local run
  local -a runs own given
  given=($words[2,-1])
  runs=(/run/lanco/$namespace/runs/*(N/:t))
  runs=(${(M)runs:#[0-9a-z](#c26)-*})
  for run in $runs; do
    (( ! $given[(Ie)${run[28,-1]}] )) || own+=(${run[1,26]})
  done
  (( $#own )) || own=(${runs%%-*})
  compadd "$@" - $own
}

# _lanco_tasks [OPTION...] KIND: offers running tasks; with KIND "known" also tasks that have
# ended, with "stop" also tasks whose exit commands run. A task that is on the line already is
# left out. _arguments puts options for compadd before KIND.
_lanco_tasks() {
  local kind=$@[-1]
  local -aU tasks exits runs given
  given=($words[2,CURRENT-1])
  tasks=(/run/lanco/$namespace/named/task-*(N/:t))
  tasks=(${tasks#task-})
  exits=(/run/lanco/$namespace/named/exit-[0-9]*-*(N/:t))
  [[ $kind != stop ]] || tasks+=(${exits#exit-*-})
  # The id of the run precedes the name.
  runs=(/run/lanco/$namespace/runs/*(N/:t))
  [[ $kind != known ]] || tasks+=(${runs#??????????????????????????-})
  _lanco_names_only tasks
  compadd "${@[1,-2]}" - ${tasks:|given}
}

# _lanco_names_only ARRAY: leaves in it the names that lanco can have made. Other files can be
# made by hand, with names that would do something on a command line.
_lanco_names_only() {
  setopt local_options extended_glob
  set -A $1 ${(M)${(P)1}:#[A-Za-z0-9_][A-Za-z0-9._-]#}
}

_lanco_subcommand() {
  if [[ $words[1] == -- ]] && (( CURRENT > 1 )); then
    shift words
    (( CURRENT-- ))
  fi
  _normal
}

_lanco_first() {
  local -a namespaces standalone
  namespaces=(/run/lanco/*/namespace.json(N:h:t))
  _lanco_names_only namespaces
  standalone=(
    @STANDALONE@
  )
  _alternative \
    'namespaces:namespace:compadd -a namespaces' \
    'commands:command: _describe command standalone'
}

_lanco_names() {
  local -a names
  names=(
    @NAMES@
  )
  _describe command names
}

# _lanco_command NAME: completes the command line of a command, which is in words. Commands of
# a namespace are called "- NAME".
_lanco_command() {
  local line
  case $1 in
    @COMMANDS@
    (*) _message 'no such command' ;;
  esac
}

_lanco() {
  local curcontext=$curcontext context state state_descr line namespace
  typeset -A opt_args
  local ret=1
  _arguments -C -s -S -A '-*' : @GLOBAL@ \
    '(-)1: :_lanco_first' '*:: :->rest' && ret=0
  [[ $state == rest ]] || return ret
  namespace=$words[1]
  curcontext=${curcontext%:*:*}:lanco-$namespace:
  if [[ " @WORDS@ " == *" $namespace "* ]]; then
    _lanco_command $namespace && ret=0
  elif (( CURRENT == 2 )); then
    _lanco_names && ret=0
  else
    shift words
    (( CURRENT-- ))
    _lanco_command "- $words[1]" && ret=0
  fi
  return ret
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _lanco "$@"
else
  compdef _lanco lanco
fi
