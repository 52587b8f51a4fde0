# Shows the manual page that is on standard input on a terminal. On a host whose manuals were
# left out, man may be a script that only says so.
case $(man --version 2>/dev/null </dev/null) in
"man "*) exec man -l - ;;
esac
command -v mandoc >/dev/null && exec mandoc -a
exec cat
