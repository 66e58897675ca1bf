# What the scripts share: where the repository is, plain words on the terminal, colour only there.
# shellcheck shell=bash
# shellcheck disable=SC2034  # read by the scripts that source this file

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

bold='' dim='' red='' green='' yellow='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
fi

# The comment at the top of a script is its help text.
help_of() {
    awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$1"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 2
}

# Seconds since the epoch with a fraction, for durations: no subprocess.
now() { printf '%s' "$EPOCHREALTIME"; }

since() { # since START: the seconds passed, one decimal
    awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'
}

# build_dir NAME OPTION...: configures build/NAME, anew if the options are others than last time.
build_dir() {
    local dir=$root/build/$1 options="CC=${CC:-} ${*:2}"
    if [[ -f $dir/build.ninja && $(cat "$dir/options" 2>/dev/null) == "$options" ]]; then
        return 0
    fi
    rm -rf "$dir"
    meson setup "$dir" "$root" "${@:2}" || return 1
    printf '%s\n' "$options" >"$dir/options"
}

# What the linter reads and the clang step builds must be configured alike.
clang_options=("-Db_sanitize=address,undefined" -Db_lundef=false -Doptimization=1 -Ddebug=true
    -Dfuzzers=true)

binary() { printf '%s/build/%s/src/cli/stet' "$root" "$1"; }
