using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Binding;

/// <summary>From sheets, as files or as typed words, to what they open.</summary>
internal static class RecoverySheets
{
    public static SharesCredential Combine(IReadOnlyList<string> paths, IEngineSink sink)
    {
        var sheets = new List<RecoverySheet>();
        try
        {
            foreach (var path in paths)
            {
                sheets.Add(RecoverySheet.Read(path, sink));
            }

            return RecoveryShares.Combine(sheets);
        }
        finally
        {
            sheets.ForEach(static sheet => sheet.Dispose());
        }
    }

    /// <param name="words">Disposed here.</param>
    public static SharesCredential Combine(IReadOnlyList<SecretText> words) => Combine(number => words[number - 1], words.Count);

    /// <param name="ask">Gives the words of a sheet by its number, from 1; disposed here.</param>
    /// <param name="count">How many there are; without it, as many as the first sheet says.</param>
    public static SharesCredential Combine(Func<int, SecretText> ask, int? count = null)
    {
        var shares = new List<SecretShare>();
        try
        {
            while (shares.Count < (count ?? (shares.Count == 0 ? 1 : shares[0].MemberThreshold)))
            {
                using var words = ask(shares.Count + 1);
                shares.Add(SecretShare.Parse(words.Characters.Span, $"sheet {shares.Count + 1}"));
            }

            return RecoveryShares.Combine(shares);
        }
        finally
        {
            shares.ForEach(static share => share.Dispose());
        }
    }
}
