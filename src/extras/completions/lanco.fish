# Completion of lanco(8) for fish. Printed by "lanco completions fish". Namespaces and
# tasks are found by globbing: completing them starts no process.

# __lanco_about COMMAND: sets the options, their values and the operands that the command
# takes. Commands of a namespace are called "- NAME", and "- " stands for the options before
# the namespace.
function __lanco_about
    switch $argv[1]
        @COMMANDS@
        case '*'
            return 1
    end
end

# __lanco_kind OPTION: prints the kind of its value, if it takes one.
function __lanco_kind
    string match -rg -- '^'(string escape --style=regex -- $argv[1])':(.*)$' $__lanco_values
end

# __lanco_after OPTION: prints the kind of the word after it.
function __lanco_after
    set -l kind
    switch $argv[1]
        case '--*=*'
        case '--*'
            set kind (__lanco_kind $argv[1])
        case '*'
            set -l letters (string split '' -- $argv[1])[2..]
            while set -q letters[1]
                set kind (__lanco_kind -$letters[1])
                set -e letters[1]
                set -q kind[1]; or continue
                set -q letters[1]; and set kind
                break
            end
    end
    set -q kind[1]; or set kind option
    echo $kind
end

# __lanco_parse COMMAND INDEX: reads the words from INDEX up to the cursor. It sets
# __lanco_places to the indices of the operands, and __lanco_next to the kind of the word at
# the cursor: "option" for an option or an operand, "operand", or the kind of an option's value.
function __lanco_parse
    set -l i $argv[2]
    set -g __lanco_next option
    set -g __lanco_places
    __lanco_about $argv[1]; or return
    for word in $__lanco_words[$i..]
        switch $__lanco_next
            case option
                if test "$word" = --
                    set __lanco_next operand
                else if string match -qr -- '^-.' "$word"
                    set __lanco_next (__lanco_after $word)
                else
                    set -a __lanco_places $i
                    test $__lanco_interleaved = yes; or set __lanco_next operand
                end
            case operand
                set -a __lanco_places $i
            case '*'
                set __lanco_next option
        end
        set i (math $i + 1)
    end
end

# __lanco_names_only WORD...: prints the names that lanco can have made. Other files can be
# made by hand, with names that would do something on a command line.
function __lanco_names_only
    string match -r -- '^[A-Za-z0-9_][A-Za-z0-9._-]*\z' $argv
end

# __lanco_pairs WORD DESCRIPTION...: prints words and descriptions in the form of fish.
function __lanco_pairs
    while set -q argv[1]
        printf '%s\t%s\n' $argv[1] $argv[2]
        set -e argv[1..2]
    end
end

function __lanco_first
    __lanco_pairs \
        @STANDALONE@
    # In fish a pattern without a match is an error, except in "set" and "for".
    set -l found /run/lanco/*/namespace.json
    set -q found[1]; or return 0
    for namespace in (__lanco_names_only (string split -f 4 / -- $found))
        printf '%s\tnamespace\n' $namespace
    end
end

function __lanco_names
    __lanco_pairs \
        @NAMES@
end

# __lanco_tasks KIND: prints running tasks; with KIND "known" also tasks that have ended, with
# "stop" also tasks whose exit commands run. A task that is on the line already is left out;
# of one that is printed again fish shows the first.
function __lanco_tasks
    set -l given $__lanco_words[$__lanco_places]
    set -l paths /run/lanco/$__lanco_namespace/named/task-*/
    for task in (__lanco_names_only (string sub -s 6 -- (string split -f 6 / -- $paths)))
        contains -- $task $given; and continue
        printf '%s\trunning\n' $task
    end
    if test $argv[1] = stop
        set -l paths /run/lanco/$__lanco_namespace/named/exit-*/
        set -l exits (string split -f 6 / -- $paths | string replace -rf '^exit-\d+-' '')
        for task in (__lanco_names_only $exits)
            contains -- $task $given; and continue
            printf '%s\texit command\n' $task
        end
    end
    test $argv[1] = known; or return
    set -l paths /run/lanco/$__lanco_namespace/runs/*/
    set -l runs (__lanco_names_only (string split -f 6 / -- $paths))
    # The id of the run precedes the name.
    for task in (__lanco_names_only (string replace -rf '^[0-9a-z]{26}-' '' -- $runs))
        contains -- $task $given; and continue
        printf '%s\tended\n' $task
    end
end

# __lanco_runs: prints the ids of the runs on record, if there is a task on the line only its own.
function __lanco_runs
    set -l given $__lanco_words[$__lanco_places]
    set -l paths /run/lanco/$__lanco_namespace/runs/*/
    for name in (string split -f 6 / -- $paths)
        set -l run (string match -rg -- '^([0-9a-z]{26})-([A-Za-z0-9_][A-Za-z0-9._-]*)\z' $name)
        set -q run[2]; or continue
        set -q given[1]; and not contains -- $run[2] $given; and continue
        printf '%s\t%s\n' $run[1] $run[2]
    end
end

# __lanco_value KIND TEXT: prints the values of an option that begin like TEXT.
function __lanco_value
    switch $argv[1]
        case file
            __fish_complete_path $argv[2]
        case directory
            __fish_complete_directories $argv[2] directory
        case run
            __lanco_runs
        case user
            __fish_complete_users
        case group
            __fish_complete_groups
        case signal
            printf '%s\n' @SIGNALS@
    end
end

# __lanco_subcommand INDEX TEXT: completes the command line that begins at INDEX.
function __lanco_subcommand
    set -l command $__lanco_words[$argv[1]..]
    test "$command[1]" = --; and set -e command[1]
    complete -C (string join ' ' -- (string escape -- $command) "$argv[2]")
end

function __lanco_operand
    set -l first no
    set -q __lanco_places[1]; or set first yes
    switch "$__lanco_operands[1] $first"
        case 'first *'
            __lanco_first
        case 'running tasks *' 'signal no'
            __lanco_tasks running
        case 'tasks to stop *'
            __lanco_tasks stop
        case 'known task*' 'tasks to wait for *' 'tasks to forget *' 'patterns *' 'filter *' 'command yes'
            __lanco_tasks known
        case 'signal yes'
            __lanco_value signal
        case 'command no'
            __lanco_subcommand (math $__lanco_places[1] + 1) $argv[1]
        case 'words yes'
            printf '%s\n' $__lanco_operands[2..]
    end
end

# __lanco_word TEXT: completes the word at the cursor, whose kind __lanco_parse has found.
function __lanco_word
    switch "$__lanco_next:$argv[1]"
        case 'option:--*=*'
            set -l option (string split -m 1 = -- $argv[1])
            set -l kind (__lanco_kind $option[1])
            set -q kind[1]; or return
            printf "$option[1]=%s\n" (__lanco_value $kind $option[2])
        case 'option:-*'
            __lanco_pairs $__lanco_options
        case 'option:*' 'operand:*'
            __lanco_operand $argv[1]
        case '*'
            __lanco_value $__lanco_next $argv[1]
    end
end

function __lanco_complete
    set -g __lanco_words (commandline -opc)
    set -l text (commandline -ct)
    __lanco_parse '- ' 2
    if not set -q __lanco_places[1]
        __lanco_word "$text"
        return
    end
    set -l standalone @WORDS@
    set -l places $__lanco_places
    set -g __lanco_namespace $__lanco_words[$places[1]]
    if contains -- $__lanco_namespace $standalone
        __lanco_parse $__lanco_namespace (math $places[1] + 1); and __lanco_word "$text"
    else if not set -q places[2]
        __lanco_names
    else
        __lanco_parse "- $__lanco_words[$places[2]]" (math $places[2] + 1); and __lanco_word "$text"
    end
end

complete -c lanco -f -a '(__lanco_complete)'
