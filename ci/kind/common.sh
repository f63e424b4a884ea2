# Sourced by engine, pin, build, test and pod/build after ci/control-plane/common.sh.
# shellcheck shell=bash disable=SC2034 # they use it

kind_version=v0.30.0
coredns_version=v1.11.3

# Sets cache, the folder of everything that is made here.
kind_cache() {
    local folder
    if [[ -n ${REHEARSAL_CACHE:-} ]]; then
        folder=$REHEARSAL_CACHE
    elif [[ -n ${XDG_CACHE_HOME:-} ]]; then
        folder=$XDG_CACHE_HOME/rehearsal
    elif [[ -n ${HOME:-} ]]; then
        folder=$HOME/.cache/rehearsal
    else
        die "none of REHEARSAL_CACHE, XDG_CACHE_HOME and HOME is set"
    fi
    [[ $folder == /* ]] || folder=$PWD/$folder
    cache=${folder%/}/kind
    mkdir -p "$cache" || die "cannot make $cache"
}

# Takes pairs of a program and the Debian package that it comes with, and installs the packages of those that are missing.
need_programs() {
    local missing=()
    while (($#)); do
        command -v "$1" >/dev/null || [[ -e $1 ]] || missing+=("$2")
        shift 2
    done
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || die "these Debian packages are needed, and there is no apt-get: ${missing[*]}"
    ((EUID == 0)) || die "these Debian packages are needed, and only root can install them: ${missing[*]}"
    say "apt-get install ${missing[*]}"
    local log
    log=$(mktemp)
    # At run level 1 no package starts its service: a Docker engine is started by `engine`, if at all.
    if ! { apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm "$log"
        die "these packages could not be installed: ${missing[*]}"
    fi
    rm "$log"
}

# Runs a command and shows what it says only if it fails.
hushed() {
    local said
    said=$("$@" 2>&1) && return
    printf '%s\n' "$said" | tail -n 30 >&2
    return 1
}
