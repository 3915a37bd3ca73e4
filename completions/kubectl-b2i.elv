# elvish completion for kubectl-b2i. The program itself knows the candidates.
use re
use str
set edit:completion:arg-completer[kubectl-b2i] = {|@words|
    var last = $words[-1]
    var @lines = (kubectl-b2i __complete (all $words[1..]) 2>/dev/null)
    # The program leaves out the flag of `--flag=value`.
    var flag = ''
    if (re:match '^--[^=]*=' $last) {
        set flag = (re:find '^--[^=]*=' $last)[text]
    }
    if (eq $lines [':0']) {
        edit:complete-filename $last
    } else {
        for line $lines[..-1] {
            var value @about = (str:split "\t" $line)
            edit:complex-candidate $flag$value &display=$value' '(str:join ' ' $about)
        }
    }
}
