using System.Text;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Faults;

/// <summary>The register as the page <c>docs/errors.md</c>.</summary>
internal static class FaultRegisterPage
{
    public static string Render(IEnumerable<FaultCode> codes)
    {
        var page = new StringBuilder("""
            # Errors

            Every error carries a code that never changes its meaning. This page is generated from the register in `src/Engine/Faults`;
            a test fails when it differs, and rewrites it when the environment variable `SECUREBACKUP_UPDATE_DOCS` is 1.

            """.ReplaceLineEndings("\n"));
        foreach (var category in codes.GroupBy(code => code.Category))
        {
            page.Append('\n').Append("## ").Append(Title(category.Key)).Append("\n\n| Code | Name | What happened | What to do |\n| --- | --- | --- | --- |\n");
            foreach (var code in category)
            {
                page.Append("| ").Append(code).Append(" | ").Append(code.Name).Append(" | ").Append(code.Cause).Append(" | ").Append(code.Remedy).Append(" |\n");
            }
        }

        return page.ToString();
    }

    private static string Title(FaultCategory category) => category switch
    {
        FaultCategory.Argument => "SB1: the request cannot be done as asked",
        FaultCategory.Target => "SB2: the place that holds the vault refused",
        FaultCategory.Integrity => "SB3: the bytes are not what was sealed",
        FaultCategory.Key => "SB4: no key opens this",
        FaultCategory.Vault => "SB5: the vault's state forbids it",
        FaultCategory.Source => "SB6: an entry could not be read fully",
        FaultCategory.Audit => "SB7: the audit log does not agree with itself",
        FaultCategory.Destination => "SB8: the place of a restore refused",
        _ => throw new ArgumentOutOfRangeException(nameof(category)),
    };
}
