#!/bin/sh
# Each public header stands alone, in C and (where there is a compiler) in C++, includes only public
# headers, is included by stet.h and named in libstet(3). Usage: headers.sh SOURCE_ROOT HEADER...
set -eu
root=$1
shift
bad=0

complain() {
    echo "$1" >&2
    bad=1
}

for header in "$@"; do
    if [ "$header" != stet.h ] && ! grep -q "^#include \"stet/$header\"" "$root/stet/stet.h"; then
        complain "stet/stet.h does not include stet/$header"
    fi
    grep -q "stet/$header" "$root/../man/libstet.3.scd" || complain "libstet(3) lacks stet/$header"
    for included in $(sed -n 's|^#include "stet/\(.*\.h\)"|\1|p' "$root/stet/$header"); do
        case " $* " in
        *" $included "*) ;;
        *) complain "stet/$header includes stet/$included, which is not installed" ;;
        esac
    done
    echo "#include \"stet/$header\"" | "${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror \
        -I"$root" -fsyntax-only -xc - || complain "stet/$header does not stand alone in C"
    if command -v c++ >/dev/null; then
        echo "#include \"stet/$header\"" | c++ -std=c++17 -Wall -Wextra -Werror -I"$root" \
            -fsyntax-only -xc++ - || complain "stet/$header does not stand alone in C++"
    fi
done
exit $bad
