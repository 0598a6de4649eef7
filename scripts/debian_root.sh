# Sourced by check_arm.sh and check_sid.sh: what is done to a root made of Debian's
# packages before the working tree is tried in it.

# fill_root FOLDER: lays the working tree into FOLDER/d2l_rnn, and says there how this
# machine reaches the registry.
fill_root() {
    local file
    mkdir -p "$1/d2l_rnn"
    # A file that is deleted here and not yet in git is no reason to stop.
    (cd "$root" && git ls-files -z --cached --others --exclude-standard |
        tar --create --null --files-from - 2>/dev/null) |
        tar --extract -C "$1/d2l_rnn"
    for file in /etc/resolv.conf /etc/hosts /etc/pip.conf \
        /etc/ssl/certs/ca-certificates.crt; do
        [ ! -e "$file" ] || cp -L "$file" "$1$file"
    done
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
