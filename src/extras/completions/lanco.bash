# shellcheck shell=bash
# Completion of lanco(8) for bash, with the package bash-completion or without it.
# Written by "lanco completions bash". Namespaces and tasks are read by globbing:
# a tab starts no process for them.

# _lanco_about COMMAND: what may stand on its command line. The name of a command
# of a namespace comes after "- "; "- " alone is what stands before the namespace.
# It and the other functions set variables of _lanco.
# shellcheck disable=SC2034,SC2086,SC2317 # some of them for others; lists of words
_lanco_about() {
  case $1 in
    @COMMANDS@
    *) return 1 ;;
  esac
}

# _lanco_kind OPTION: sets kind to what its value is, to nothing if it takes none.
_lanco_kind() {
  kind=
  if [[ $values == *" $1:"* ]]; then
    kind=${values#*" $1:"}
    kind=${kind%% *}
  fi
}

# _lanco_after OPTION: sets next to what the word after this one is.
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

# _lanco_parse COMMAND INDEX: reads the words from INDEX up to the cursor. Sets places
# to the indices of the operands, and next to what the word at the cursor is: an
# option or an operand, an operand, or a value of some kind.
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

# _lanco_offer WORD...: what begins like the word at the cursor.
_lanco_offer() {
  local word
  for word; do
    [[ $word != "$cur"* ]] || COMPREPLY+=("$prefix$word")
  done
}

# _lanco_is_name WORD: whether it names what lanco could have made. Others can be made by
# hand, and might do something when they stand on a command line.
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

# _lanco_tasks KIND: the tasks that run, with "known" those that have run, and with "stop"
# those of which an exit command runs. One that has been given already is not offered again.
_lanco_tasks() {
  local path task given=" " place
  local -a paths=(/run/lanco/"$namespace"/named/task-*)
  [[ $1 != stop ]] || paths+=(/run/lanco/"$namespace"/named/exit-[0-9]*-*)
  [[ $1 != known ]] || paths+=(/run/lanco/"$namespace"/runs/*)
  for place in "${places[@]}"; do given+="${words[place]} "; done
  for path in "${paths[@]}"; do
    task=${path##*/}
    case $path in
      */named/task-*) task=${task#task-} ;;
      */named/exit-*) task=${task#exit-*-} ;;
      # The id of a run stands before it.
      */runs/*) task=${task:27} ;;
    esac
    if [[ $given == *" $task "* || ! -d $path ]] || ! _lanco_is_name "$task"; then continue; fi
    given+="$task "
    _lanco_offer "$task"
  done
}

# _lanco_value KIND: offers values of an option.
_lanco_value() {
  local -a found=()
  case $1 in
    file) compopt -o default 2>/dev/null ;;
    directory) compopt -o dirnames 2>/dev/null ;;
    signal) _lanco_offer $_lanco_signals ;;
    user) mapfile -t found < <(compgen -u -- "$cur") ;;
    group) mapfile -t found < <(compgen -g -- "$cur") ;;
  esac
  [[ ${#found[@]} -eq 0 ]] || _lanco_offer "${found[@]}"
}

# _lanco_subcommand INDEX: completes the command line that begins there.
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
    "known tasks" | patterns) _lanco_tasks known ;;
    signal) if [[ ${#places[@]} -eq 0 ]]; then _lanco_value signal; else _lanco_tasks running; fi ;;
    command)
      if [[ ${#places[@]} -eq 0 ]]; then _lanco_tasks known; else _lanco_subcommand $((places[0] + 1)); fi
      ;;
    "words "*) [[ ${#places[@]} -gt 0 ]] || _lanco_offer ${operands#words } ;;
  esac
}

# _lanco_word: completes the word at the cursor, as _lanco_parse has understood it.
_lanco_word() {
  case $next:$cur in
    option:--*=*)
      _lanco_kind "${cur%%=*}"
      # Where "=" separates words, readline replaces what comes after it only.
      [[ $COMP_WORDBREAKS == *=* ]] || prefix=${cur%%=*}=
      cur=${cur#*=}
      _lanco_value "$kind"
      ;;
    option:-*) _lanco_offer $options ;;
    option:* | operand:*) _lanco_operand ;;
    *) _lanco_value "$next" ;;
  esac
}

# _lanco_words: sets words to the words up to the cursor, without the breaks that
# readline makes at "=" and ":", and offsets to where they begin in COMP_WORDS.
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
