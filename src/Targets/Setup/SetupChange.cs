namespace SecureBackup.Targets.Setup;

/// <param name="Text">One imperative sentence for -WhatIf and -Confirm.</param>
public sealed record SetupChange(string Item, string From, string To, string Text, bool IsIrreversible);
