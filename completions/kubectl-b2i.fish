# fish completion for kubectl-b2i. The program itself knows the candidates.
function __kubectl_b2i_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l last (commandline -ct)
    set -l lines (kubectl-b2i __complete $words "$last" 2>/dev/null)
    # The program leaves out the flag of `--flag=value`.
    set -l flag (string match -r -- '^--[^=]*=' "$last")
    if test (count $lines) -gt 1
        string join \n -- "$flag"$lines[1..-2]
    else if test "$lines" = :0
        string join \n -- "$flag"(__fish_complete_path (string replace -r -- '^--[^=]*=' '' "$last"))
    end
end
complete -c kubectl-b2i -k -f -a '(__kubectl_b2i_complete)'
