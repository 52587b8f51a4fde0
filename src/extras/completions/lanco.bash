# shellcheck shell=bash
# Completion of lanco(8) for bash, with or without the package bash-completion.
# Printed by "lanco completions bash". Namespaces and tasks are found by globbing:
# completing them starts no process.

# _lanco_about COMMAND: sets options, values, operands and interleaved to what the command
# takes. Commands of a namespace are called "- NAME", and "- " stands for the options before
# the namespace. All functions here set local variables of _lanco.
# shellcheck disable=SC2034,SC2086,SC2317 # variables of _lanco; lists of words
_lanco_about() {
  case $1 in
    @COMMANDS@
    *) return 1 ;;
  esac
}

# _lanco_kind OPTION: sets kind to the kind of its value, or to nothing if it takes none.
_lanco_kind() {
  kind=
  if [[ $values == *" $1:"* ]]; then
    kind=${values#*" $1:"}
    kind=${kind%% *}
  fi
}

# _lanco_after OPTION: sets next to the kind of the word after this one.
_lanco_after() {
  local letters=${1#-}
  next=option
  case $1 in
    --*=*) ;;
    --*)
      _lanco_kind "$1"
      next=${kind:-option}
      ;;
    *)
      while [[ -n $letters ]]; do
        _lanco_kind "-${letters:0:1}"
        letters=${letters:1}
        [[ -n $kind ]] || continue
        [[ -n $letters ]] || next=$kind
        return
      done
      ;;
  esac
}

# _lanco_parse COMMAND INDEX: reads the words from INDEX up to the cursor. It sets places
# to the indices of the operands, and next to the kind of the word at the cursor: "option"
# for an option or an operand, "operand", or the kind of an option's value.
_lanco_parse() {
  local i
  next=option places=()
  _lanco_about "$1" || return
  for ((i = $2; i < current; i++)); do
    case $next in
      option)
        case ${words[i]} in
          --) next=operand ;;
          -?*) _lanco_after "${words[i]}" ;;
          *)
            places+=("$i")
            [[ $interleaved == yes ]] || next=operand
            ;;
        esac
        ;;
      operand) places+=("$i") ;;
      *) next=option ;;
    esac
  done
}

# _lanco_offer WORD...: offers the words that begin like the word at the cursor.
_lanco_offer() {
  local word
  for word; do
    [[ $word != "$cur"* ]] || COMPREPLY+=("$prefix$word")
  done
}

# _lanco_is_name WORD: whether a file can be of lanco's making. Other files can be made by
# hand, with names that would do something on a command line.
_lanco_is_name() {
  local LC_ALL=C
  [[ $1 =~ ^[A-Za-z0-9_][A-Za-z0-9._-]*$ ]]
}

_lanco_namespaces() {
  local file
  for file in /run/lanco/*/namespace.json; do
    file=${file%/*}
    ! _lanco_is_name "${file##*/}" || _lanco_offer "${file##*/}"
  done
}

# _lanco_tasks KIND: offers running tasks; with KIND "known" also tasks that have ended, with
# "stop" also tasks whose exit commands run. A task that is on the line already is left out.
_lanco_tasks() {
  local path task place
  local -A given=()
  local -a paths=(/run/lanco/"$namespace"/named/task-*)
  [[ $1 != stop ]] || paths+=(/run/lanco/"$namespace"/named/exit-[0-9]*-*)
  [[ $1 != known ]] || paths+=(/run/lanco/"$namespace"/runs/*)
  for place in "${places[@]}"; do
    ! _lanco_is_name "${words[place]}" || given[${words[place]}]=yes
  done
  for path in "${paths[@]}"; do
    task=${path##*/}
    case $path in
      */named/task-*) task=${task#task-} ;;
      */named/exit-*) task=${task#exit-*-} ;;
      # The id of the run precedes the name.
      */runs/*) task=${task:27} ;;
    esac
    # Only a name may be a subscript. Thousands of cgroups and records can be made by hand.
    if [[ $task != "$cur"* ]] || ! _lanco_is_name "$task"; then continue; fi
    if [[ -n ${given[$task]-} || ! -d $path ]]; then continue; fi
    given[$task]=yes
    _lanco_offer "$task"
    [[ ${#COMPREPLY[@]} -lt 1000 ]] || return 0
  done
}

# _lanco_runs: offers the ids of the runs on record, if there is a task on the line only its own.
_lanco_runs() {
  local LC_ALL=C path name typed=" " place
  for place in "${places[@]}"; do typed+="${words[place]} "; done
  for path in /run/lanco/"$namespace"/runs/*; do
    name=${path##*/}
    [[ ${name:0:27} =~ ^[0-9a-z]{26}-$ ]] || continue
    [[ $typed != " " && $typed != *" ${name:27} "* ]] || _lanco_offer "${name:0:26}"
  done
}

# _lanco_value KIND: offers the values of an option.
_lanco_value() {
  local -a found=()
  case $1 in
    file) compopt -o default 2>/dev/null ;;
    directory) compopt -o dirnames 2>/dev/null ;;
    signal) _lanco_offer $_lanco_signals ;;
    run) _lanco_runs ;;
    user) mapfile -t found < <(compgen -u -- "$cur") ;;
    group) mapfile -t found < <(compgen -g -- "$cur") ;;
  esac
  [[ ${#found[@]} -eq 0 ]] || _lanco_offer "${found[@]}"
}

# _lanco_subcommand INDEX: completes the command line that begins at INDEX.
_lanco_subcommand() {
  local index=$1
  [[ ${words[index]} != -- || index -eq current ]] || ((++index))
  if declare -F _comp_command_offset >/dev/null; then
    _comp_command_offset "${offsets[index]}"
  elif declare -F _command_offset >/dev/null; then
    _command_offset "${offsets[index]}"
  elif [[ $index -eq current && $cur != */* ]]; then
    mapfile -t COMPREPLY < <(compgen -c -- "$cur")
  else
    compopt -o default 2>/dev/null
  fi
}

_lanco_operand() {
  case $operands in
    first) _lanco_offer $standalone && _lanco_namespaces ;;
    "running tasks") _lanco_tasks running ;;
    "tasks to stop") _lanco_tasks stop ;;
    "known task"* | "tasks to wait for" | "tasks to forget" | patterns | filter) _lanco_tasks known ;;
    signal) if [[ ${#places[@]} -eq 0 ]]; then _lanco_value signal; else _lanco_tasks running; fi ;;
    command)
      if [[ ${#places[@]} -eq 0 ]]; then _lanco_tasks known; else _lanco_subcommand $((places[0] + 1)); fi
      ;;
    "words "*) [[ ${#places[@]} -gt 0 ]] || _lanco_offer ${operands#words } ;;
  esac
}

# _lanco_word: completes the word at the cursor, whose kind _lanco_parse has found.
_lanco_word() {
  case $next:$cur in
    option:--*=*)
      _lanco_kind "${cur%%=*}"
      # Where "=" separates words, readline replaces only the part after it.
      [[ $COMP_WORDBREAKS == *=* ]] || prefix=${cur%%=*}=
      cur=${cur#*=}
      _lanco_value "$kind"
      ;;
    option:-*) _lanco_offer $options ;;
    option:* | operand:*) _lanco_operand ;;
    *) _lanco_value "$next" ;;
  esac
}

# _lanco_words: sets words to the words up to the cursor, joining those that readline
# has separated at "=" and ":", and offsets to their indices in COMP_WORDS.
_lanco_words() {
  local i word line=$COMP_LINE
  words=() offsets=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $i -gt 0 && -n $word && -n $line && $line != [[:blank:]]* ]]; then
      words[${#words[@]} - 1]+=$word
    else
      offsets+=("$i")
      words+=("$word")
    fi
    line=${line#"${line%%[![:blank:]]*}"}
    line=${line#"$word"}
  done
  current=$((${#words[@]} - 1))
  cur=${words[current]}
}

_lanco() {
  local IFS=$' \t\n' _lanco_signals="@SIGNALS@"
  local standalone="@STANDALONE@" names="@NAMES@"
  local cur current next kind prefix="" namespace="" options values operands interleaved failglob=""
  local -a words offsets places
  COMPREPLY=()
  if shopt -q failglob; then failglob=yes && shopt -u failglob; fi
  _lanco_words
  _lanco_parse "- " 1
  if [[ ${#places[@]} -eq 0 ]]; then
    _lanco_word
  elif namespace=${words[places[0]]} && [[ " $standalone " == *" $namespace "* ]]; then
    _lanco_parse "$namespace" $((places[0] + 1)) && _lanco_word
  elif [[ ${#places[@]} -eq 1 ]]; then
    _lanco_offer $names
  else
    _lanco_parse "- ${words[places[1]]}" $((places[1] + 1)) && _lanco_word
  fi
  [[ -z $failglob ]] || shopt -s failglob
}

complete -F _lanco lanco
