using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

internal static partial class RegisterChangeCodec
{
    internal static void Write(CborMapWriter writer, RegisterChange change)
    {
        writer.BeginArray(2);
        switch (change)
        {
            case VaultParameters parameters:
                Begin(writer, Parameters).Key(0).Text(parameters.ChunkerName).Key(1).Int(parameters.PackSizeBytes);
                break;
            case EpochBegins epoch:
                Begin(writer, Epoch).Key(0).UInt(epoch.Epoch).Key(1).Bytes(epoch.VaultKey.Bytes);
                break;
            case MemberAdded member:
                WriteMember(Begin(writer, Member), member);
                break;
            case KeyGrant grant:
                Begin(writer, Grant).Key(0).Id(grant.Member.Value).Key(1).UInt(grant.Epoch).Key(2).Id(grant.Id.Value).Key(3).Bytes(grant.Envelope.Span);
                break;
            case VaultPolicy policy:
                WritePolicy(Begin(writer, Policy), policy);
                break;
            case TargetAttached target:
                Begin(writer, Attach).Key(0).Id(target.Id).Key(1).Text(target.Name);
                break;
            case TargetDetached target:
                Begin(writer, Detach).Key(0).Id(target.Id);
                break;
            case KeyringRoot root:
                WriteKeyring(Begin(writer, Keyring), root);
                break;
            case Revocation revocation:
                Begin(writer, Revoke).Key(0).Id(revocation.Member.Value)
                    .Key(1).Array(revocation.LastValid, static (writer, hash) => writer.Id(hash.Value));
                break;
            case OwnerBundleNamed bundle:
                WriteBundle(Begin(writer, Bundle), bundle);
                break;
            case LedgerHead head:
                Begin(writer, Ledger).Key(0).UInt(head.Number).Key(1).Id(head.Hash.Value);
                break;
            case RegisterNote note:
                Begin(writer, Note).Key(0).Text(note.Text);
                break;
            case HoldPlaced hold:
                WriteHold(Begin(writer, Hold), hold);
                break;
            case HoldReleased release:
                WriteRelease(Begin(writer, Release), release);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(change));
        }

        writer.EndMap().EndArray();
    }

    private static CborMapWriter Begin(CborMapWriter writer, int type) => writer.Int(type).BeginMap();

    private static void WriteKeyring(CborMapWriter writer, KeyringRoot root)
    {
        writer.Key(0).Id(root.Id.Value).Key(1).Id(root.Hash.Value);
        if (root.Replaces is { } replaced)
        {
            writer.Key(2).Id(replaced.Value);
        }
    }

    private static void WriteMember(CborMapWriter writer, MemberAdded member)
    {
        writer.Key(0).Id(member.Id.Value).Key(1).Text(member.Name)
            .Key(2).BeginArray(1).BeginArray(2).UInt(Ed25519).Id(member.Key.Value).EndArray().EndArray()
            .Key(3).Bytes(member.SealingKey.Bytes).Key(4).UInt((ulong)member.Roles);
        if (member.DataSets is { } dataSets)
        {
            writer.Key(5).Array(dataSets, static (writer, id) => writer.Id(id.Value));
        }

        if (member.MayRead)
        {
            writer.Key(MayReadKey).Int(1);
        }
    }

    private static void WritePolicy(CborMapWriter writer, VaultPolicy policy) => writer
        .Key(0).Int(Seconds(policy.RetentionFloor))
        .Key(1).Int(Seconds(policy.ErasureHorizon))
        .Key(2).Int((int)policy.DeduplicationTrust)
        .Key(3).Int(Seconds(policy.GraceTime))
        .Key(4).Int(Seconds(policy.SessionLapse))
        .Key(5).Int(policy.OwnersNeeded);

    private static long Seconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerSecond;
}
