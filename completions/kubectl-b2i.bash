# bash completion for kubectl-b2i, for bash 3.2 and newer. The program itself knows the candidates.
_kubectl_b2i() {
    # bash splits words at `=`, `:` and `@` as well; only blanks on the line separate what the program gets.
    local line=${COMP_LINE:0:COMP_POINT} at word flag kept value
    local -a words=()
    for ((at = 0; at <= COMP_CWORD; at++)); do
        if [[ ${#words[@]} = 0 || $line == [[:blank:]]* ]]; then
            line=${line#"${line%%[![:blank:]]*}"}
            words+=("")
        fi
        # What is behind the cursor is no part of the last word.
        ((at < COMP_CWORD)) && value=${COMP_WORDS[at]} || value=$line
        words[${#words[@]} - 1]+=$value
        line=${line:${#value}}
    done
    # bash replaces only the end of the word, which is $2; the program leaves out the flag of `--flag=value`.
    word=${words[${#words[@]} - 1]}
    [[ $word == --*=* ]] && flag=${word%%=*}= || flag=
    kept=${word%"$2"}
    COMPREPLY=()
    while IFS=$'\t' read -r value _; do
        case $value in
            :4) compopt +o default 2>/dev/null ;;
            :*) ;;
            *)
                value=$flag$value
                COMPREPLY+=("$(printf %q "${value#"$kept"}")")
                ;;
        esac
    done < <(kubectl-b2i __complete "${words[@]:1}" 2>/dev/null)
}
complete -o default -o nosort -F _kubectl_b2i kubectl-b2i 2>/dev/null ||
    complete -o default -F _kubectl_b2i kubectl-b2i
