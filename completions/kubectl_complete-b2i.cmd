@rem kubectl asks a program of this name for what comes after `kubectl b2i`; see kubectl_complete-b2i.
@kubectl-b2i.exe __complete %*
