# Shows the manual page on standard input, on a terminal. A host without its
# manuals may have a man that only says so.
case $(man --version 2>/dev/null </dev/null) in
"man "*) exec man -l - ;;
esac
command -v mandoc >/dev/null && exec mandoc -a
exec cat
