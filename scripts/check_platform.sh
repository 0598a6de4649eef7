# Sourced by setup_environment.sh: has mxnet 1.9.1 a wheel for this machine?

# check_platform: silent where there is one; elsewhere the way that works, and exit
# status 2. Asked first, since what comes before mxnet is already large.
check_platform() {
    local container="'docker build -t d2l_rnn . && docker run -it --rm d2l_rnn'"
    case $(uname -s)/$(uname -m) in
    Linux/x86_64 | Linux/amd64 | Linux/aarch64 | Linux/arm64)
        [[ $(ldd --version 2>&1) != *musl* ]] ||
            no_wheel "Linux with musl" "a system with glibc, or its container: $container"
        ;;
    Darwin/x86_64) ;;
    Darwin/arm64)
        no_wheel "Apple's processors" "the arm64 container (Linux): $container"
        ;;
    MINGW* | MSYS* | CYGWIN* | Windows*)
        no_wheel "Windows" "Linux in it, WSL2: 'wsl --install -d Debian', and in its" \
            "shell this command again"
        ;;
    *)
        no_wheel "$(uname -s) on $(uname -m)" "Linux on x86-64 or aarch64"
        ;;
    esac
}

no_wheel() {
    local where=$1
    shift
    say "mxnet 1.9.1 has no wheel for $where; what works is $*"
    return 2
}
