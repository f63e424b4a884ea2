# Sourced by build and pin.

me=${0##*/}

die() {
    printf '%s: %s\n' "$me" "$*" >&2
    exit 1
}

say() {
    printf '%s: %s\n' "$me" "$*" >&2
}

usage_error() {
    printf '%s: %s; see --help\n' "$me" "$*" >&2
    exit 2
}

# Prints the rows of versions.tsv.
rows() {
    awk -F '\t' '/^#/ || $1 == "minor" { next } NF { print }' "$here/versions.tsv"
}

# Sets minor, patch, etcd, run, generator, h1 and replace from the row of a version like v1.36, 1.36 or v1.36.3.
# etcd_line is 3.6 for an etcd of 3.6.8.
read_row() {
    local wanted=v${1#v}
    [[ $wanted =~ ^v1\.[0-9]+(\.[0-9]+)?$ ]] || usage_error "'$1' is not a version like v1.36 or v1.36.3"
    local line
    line=$(rows | awk -F '\t' -v wanted="$wanted" '$1 == wanted || $2 == wanted')
    if [[ -z $line ]]; then
        line=$(rows | awk -F '\t' -v wanted="$wanted" 'index(wanted, $1 ".") == 1 { print $2 }')
        [[ -z $line ]] || die "$wanted is not in versions.tsv; of that minor there is $line"
        die "$wanted is not in versions.tsv; there are $(rows | cut -f 1 | paste -s -d ' ')"
    fi
    IFS=$'\t' read -r minor patch etcd run generator h1 replace <<<"$line"
    [[ -n ${replace:-} ]] || die "versions.tsv: the row of $wanted has fewer than 7 columns"
    etcd_line=${etcd%.*}
}

# Nothing of the caller's Go settings may change what is built.
go_settings() {
    command -v go >/dev/null || die "go is not found; it takes go 1.26 or newer"
    export GO111MODULE=on GOWORK=off CGO_ENABLED=0 GOEXPERIMENT= GOAMD64=v1 GOARM64=v8.0 GOFLAGS="$1"
    GOOS=$(go env GOHOSTOS) GOARCH=$(go env GOHOSTARCH)
    export GOOS GOARCH
}

# Copies the sources of the multicall binary for the row that was read.
copy_sources() {
    cp "$here/source/kubernetes/main.go" "$here/source/run-$run/run.go" "$1/"
}

# Copies k8s.io/kubernetes out of the read-only module cache, if its hash is the pinned one, so that a file can be added.
# In a module of its own: the one that the copy is for replaces k8s.io/kubernetes by the copy.
copy_kubernetes() {
    local found folder
    mkdir "$1/download"
    printf 'module rehearsal/download\n' >"$1/download/go.mod"
    found=$(cd "$1/download" && GOSUMDB=off go mod download -json "k8s.io/kubernetes@$patch") ||
        die "$patch: k8s.io/kubernetes cannot be downloaded: $found"
    rm -r "$1/download"
    folder=$(awk -F '"' '$2 == "Dir" { print $4 }' <<<"$found")
    found=$(awk -F '"' '$2 == "Sum" { print $4 }' <<<"$found")
    [[ $found == "$h1" ]] || die "$patch: the hash of k8s.io/kubernetes is $found, versions.tsv says $h1"
    cp -r --no-preserve=mode,ownership "$folder" "$1/kubernetes"
}

# The version that a go.mod requires of a module.
required() {
    awk -v module="$2" '$1 == "require" { sub(/^require /, "") } $1 == module { print $2; exit }' "$1"
}
