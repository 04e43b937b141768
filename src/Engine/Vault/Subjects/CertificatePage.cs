using System.Net;
using System.Text;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>A certificate as one self-contained page: no script, no image, nothing fetched. Every text in it is escaped.</summary>
internal static class CertificatePage
{
    private const string Style =
        "body{font:16px/1.5 Georgia,serif;max-width:44em;margin:3em auto;padding:0 1em;color:#222}h1{font-size:1.6em;border-bottom:2px solid #222}"
        + "th{text-align:left;vertical-align:top;padding:.3em 1.5em .3em 0;white-space:nowrap}td{padding:.3em 0;overflow-wrap:anywhere}"
        + "pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.75em;background:#f4f4f4;padding:1em}";

    internal static byte[] Render(UnlockedVault owner, ErasureCertificate certificate)
    {
        var (erasure, outcome, entry) = (certificate.Erasure, certificate.Erasure.Outcome, certificate.Entry);
        var page = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Certificate of erasure</title>\n<style>")
            .Append(Style).Append("</style>\n</head>\n<body>\n<h1>Certificate of erasure</h1>\n<p>")
            .Append(outcome.State == ErasureState.Deferred
                ? "The keys of the customer named below were destroyed in part. The rest is under a legal hold; its erasure follows when the hold is released."
                : "The keys of the customer named below were destroyed. Without them the customer's records are noise in every snapshot of this backup vault.")
            .Append("</p>\n<table>\n");
        Row(page, "Customer", erasure.Subject ?? "not named in this copy");
        Row(page, "Pseudonym", outcome.Subject.ToString());
        Row(page, "Reason", entry.Record.Reason);
        Row(page, "Time", ErasureCertificate.Text(entry.Record.Time));
        Row(page, "Keys destroyed", Number(outcome.KeysDestroyed));
        Row(page, "Data sets", erasure.DataSets.Count == 0 ? "–" : string.Join(", ", erasure.DataSets));
        Row(page, "Snapshots of records in these data sets, with or without this customer's", Number(erasure.RecordSnapshots));
        if (erasure.HeldDataSets.Count > 0)
        {
            Row(page, "Held back by law", string.Join(", ", erasure.HeldDataSets));
        }

        Row(page, "Vault", $"{owner.Id} at {owner.Target.DisplayName}");
        Row(page, "Ledger entry", $"{Number(entry.Number)} ({entry.Hash})");
        page.Append("</table>\n<h2>Copies of the keys</h2>\n<p>").Append(Escape(ErasureCertificate.CopiesOf(owner, entry))).Append("</p>\n<h2>Only beyond use</h2>\n<ul>\n");
        foreach (var text in erasure.BeyondUse)
        {
            page.Append("<li>").Append(Escape(text)).Append("</li>\n");
        }

        page.Append(erasure.BeyondUse.Count == 0 ? "<li>Nothing that this vault knows of.</li>\n" : "")
            .Append("</ul>\n<h2>What this rests on</h2>\n<p>").Append(Escape(ErasureCertificate.GuaranteeOf(owner)))
            .Append("</p>\n<h2>Signature</h2>\n<p>The file below is signed by ").Append(Escape(owner.Register.Find(owner.Self)?.Name ?? "an owner"))
            .Append(" with Ed25519, public key ").Append(owner.SelfKey.Public).Append(". The signature is over the eight bytes “sb1/sign” followed by the SHA-256 of the file:</p>\n<pre>")
            .Append(Convert.ToHexStringLower(certificate.Signature.Span)).Append("</pre>\n<pre>").Append(Escape(Encoding.UTF8.GetString(certificate.Json.Span)))
            .Append("</pre>\n</body>\n</html>\n");
        return Encoding.UTF8.GetBytes(page.ToString());
    }

    private static void Row(StringBuilder page, string name, string value) =>
        page.Append("<tr><th>").Append(Escape(name)).Append("</th><td>").Append(Escape(value)).Append("</td></tr>\n");

    private static string Number(long number) => number.ToString("N0", System.Globalization.CultureInfo.InvariantCulture);

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
