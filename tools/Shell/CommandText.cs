using System.Management.Automation.Language;

namespace SecureBackup.Shell;

/// <summary>
/// A command text which ends with exit code 1 when its last statement failed. The engine forgets <c>$?</c> between two pipelines, so
/// the question is put at the end of the text itself, wherever the text allows a statement to follow. The answer is told to the host: an <c>exit</c> would end the
/// pipeline, and a table that still waits for its last row would never be shown.
/// </summary>
internal static class CommandText
{
    private const string Check = "if (-not $?) { $Host.SetShouldExit(1) }";

    // On the same line errors of a one-line command need no position; a comment or a line continuation at the end needs new lines.
    private static readonly string[] Separators = ["; ", "\n\n"];

    public static string WithFailureCheck(string text) =>
        Separators.Select(separator => text + separator + Check).FirstOrDefault(EndsWithCheck) ?? text;

    private static bool EndsWithCheck(string text)
    {
        var script = Parser.ParseInput(text, out _, out var errors);
        return errors.Length == 0 && script.EndBlock?.Statements.LastOrDefault() is IfStatementAst { Extent.Text: Check };
    }
}
