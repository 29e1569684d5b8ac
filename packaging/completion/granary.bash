# SPDX-License-Identifier: Apache-2.0
# Completion of the command granary for bash. The command itself knows the candidates: see src/cli/complete.h.
# To use it in this shell: source packaging/completion/granary.bash
_granary() {
    local IFS=$'\n' word=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=($("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
    # What is left to files: class apply FILE, --config FILE, --token-file FILE.
    if [ ${#COMPREPLY[@]} -eq 0 ]; then
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}
complete -F _granary granary
