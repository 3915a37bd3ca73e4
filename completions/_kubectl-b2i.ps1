# PowerShell completion for kubectl-b2i. The program itself knows the candidates.
Register-ArgumentCompleter -Native -CommandName 'kubectl-b2i', 'kubectl-b2i.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
    $last = "$wordToComplete"
    # Before 7.3, PowerShell drops an empty argument unless it is in quotes of its own.
    if (-not $last -and $PSNativeCommandArgumentPassing -notin 'Standard', 'Windows') { $last = '""' }
    # The program leaves out the flag of `--flag=value`.
    $flag = if ($wordToComplete -match '^--[^=]*=') { $Matches[0] } else { '' }
    kubectl-b2i __complete @words $last 2>$null | Where-Object { $_ -notmatch '^:\d+$' } | ForEach-Object {
        $value, $about = $_ -split "`t", 2
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new("$flag$value", $value, 'ParameterValue', $about)
    }
}
