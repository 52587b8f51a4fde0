# Prints what zsh offers at the end of a line, on a terminal of its own.
#   $1 the script   $2 the line   $3 a file for what is offered
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "
  PS1= PS2=
  unsetopt prompt_sp
  autoload -Uz compinit && compinit -u -D
  source ${(q)1}
  bindkey '^I' complete-word
  compadd() {
    if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
      local -a found
      builtin compadd -O found \"\$@\"
      (( ! \$#found )) || print -rl -- \$found >>${(q)3}
    fi
    builtin compadd \"\$@\"
  }
  # Before it edits lines the terminal would act upon the keys itself.
  zle-line-init() print READY-\$((1))
  zle -N zle-line-init"
zpty -r shell said '*READY-1*'
zpty -w -n shell "$2"$'\t'
# Kills the line, whatever has become of it.
zpty -w -n shell $'\C-e\C-uprint DONE-$((1))\n'
zpty -r shell said '*DONE-1*'
zpty -d shell
