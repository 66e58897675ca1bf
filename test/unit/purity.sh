#!/bin/sh
# Proves libstet.a pure: beyond itself it calls only a few functions of string.h, and it has no data
# that can be written. Usage: purity.sh NM LIBRARY
set -eu
nm=$1 library=$2

calls='memchr|memcmp|memcpy|memmove|memset|strlen'
# What clang makes of memcmp where only equality counts.
calls="$calls|bcmp"
# What compilers put in by themselves: stack protector, sanitizers, coverage, fortified calls.
inserted='__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|_*(asan|odr_asan|ubsan|tsan|msan|sanitizer|sancov|gcov|llvm).*|__(memcpy|memmove|memset)_chk|__start_.*|__stop_.*|__unnamed_[0-9]+'

symbols=$(LC_ALL=C "$nm" --format=sysv "$library" 2>&1) || {
    echo "$symbols"
    exit 1
}

# Columns: name | value | class | type | size | line | section
printf '%s\n' "$symbols" | awk -F'|' -v calls="^($calls)\$" -v inserted="^($inserted)\$" '
    NF == 7 {
        for (i = 1; i <= 7; i++)
            gsub(/^[ \t]+|[ \t]+$/, "", $i)
        name = $1; class = $3; section = $7
        if (name == "Name")
            next
        seen += section ~ /^\.text/
        if (class == "U" || class == "w")
            wanted[name] = 1
        else if (class ~ /^[A-Z]$/)
            defined[name] = 1
        if (section ~ /^(\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && section !~ /^\.data\.rel\.ro/ &&
            name !~ inserted && name !~ /^\.L|^asan\.|^__covrec/) {
            print "writable: " name " in " section
            bad = 1
        }
    }
    END {
        for (name in wanted)
            if (!(name in defined) && name !~ calls && name !~ inserted) {
                print "calls out: " name
                bad = 1
            }
        if (!seen) {
            print "no sections to be seen: objects of link time optimisation?"
            exit 77
        }
        exit bad
    }'
