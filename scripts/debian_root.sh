# Sourced by check_arm.sh, check_sid.sh and check_dockerfile.sh: a root made of Debian's
# packages, to try the working tree in.

# make_root SUITE FOLDER MMDEBSTRAP-FLAGS...: from where this system has its packages.
make_root() {
    local suite=$1 folder=$2 sources=()
    shift 2
    if [ -s /etc/apt/sources.list.d/debian.sources ]; then
        sed "/^\$/,\$d; s/^Suites:.*/Suites: $suite/" \
            /etc/apt/sources.list.d/debian.sources >"$folder.sources"
        sources=("$folder.sources")
    fi
    # A mirror may be weeks behind, and sid's lists are good for a week.
    mmdebstrap --quiet --aptopt='Acquire::Check-Valid-Until "false"' "$@" \
        "$suite" "$folder" ${sources[@]+"${sources[@]}"}
}

# tell_of_registry FOLDER: how this machine reaches the registry holds in there too.
tell_of_registry() {
    local file
    for file in /etc/resolv.conf /etc/hosts /etc/pip.conf \
        /etc/ssl/certs/ca-certificates.crt; do
        [ ! -e "$file" ] || cp -L "$file" "$1$file"
    done
}

# fill_root FOLDER: lays the working tree into FOLDER/d2l_rnn.
fill_root() {
    tell_of_registry "$1"
    mkdir -p "$1/d2l_rnn"
    # A file that is deleted here and not yet in git is no reason to stop.
    (cd "$root" && git ls-files -z --cached --others --exclude-standard |
        tar --create --null --files-from - 2>/dev/null) |
        tar --extract -C "$1/d2l_rnn"
}

# IN_ROOT FOLDER COMMAND...: run by bash in a mount namespace, with which the mounts go.
IN_ROOT='
    mount --rbind /proc "$1/proc" && mount --rbind /dev "$1/dev" || exit
    [ -z "${D2L_RNN_DATA:-}" ] || {
        mkdir -p "$1/data" && mount --bind "$D2L_RNN_DATA" "$1/data" &&
            export D2L_RNN_DATA=/data || exit
    }
    exec env -u PYTHONPATH HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        PYENV_ROOT=/nonexistent chroot "$1" /bin/bash -c "cd /d2l_rnn && $2"
'
