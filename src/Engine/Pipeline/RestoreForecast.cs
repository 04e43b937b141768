using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What a restore would do, found out before its first byte. A moment's look: what changes at the destination or on the target afterwards is not in it.</summary>
public sealed record RestoreForecast
{
    public required Snapshot Snapshot { get; init; }

    /// <summary>Files to write, and those that would be left or look the same already.</summary>
    public required long Files { get; init; }

    public required long KeptFiles { get; init; }

    public required long Folders { get; init; }

    /// <summary>Further names, links, devices and the like.</summary>
    public required long Others { get; init; }

    /// <summary>Entries that a mirror would remove.</summary>
    public required long Extras { get; init; }

    /// <summary>Content to write, holes left out.</summary>
    public required long WriteBytes { get; init; }

    /// <summary>Bytes to read from the target, as they will be asked for; in place at most.</summary>
    public required long ReadBytes { get; init; }

    /// <summary>Packs to read from.</summary>
    public required int Packs { get; init; }

    /// <summary>Of what must be read, packs that cannot be as they lie there.</summary>
    public required ColdPacks Cold { get; init; }

    public required IReadOnlyList<SpaceForecast> Spaces { get; init; }

    /// <summary>Epochs of the vault whose private key this key does not hold: what was stored in them cannot be opened.</summary>
    public required IReadOnlyList<uint> MissingEpochs { get; init; }

    /// <summary>What would not come back: names that cannot exist here, kinds that cannot be made, chunks in no pack that is there.</summary>
    public required IReadOnlyList<EntryFault> Faults { get; init; }

    public bool Fits => Spaces.All(static space => space.NeededBytes <= space.FreeBytes);

    /// <exception cref="RequestException">DestinationTooSmall.</exception>
    public void RequireRoom() => RestoreForecaster.RequireRoom(Spaces);
}

/// <summary>Room on one file system.</summary>
/// <param name="NeededBytes">At most, see <see cref="RestoreRoom"/>.</param>
public sealed record SpaceForecast(string Path, long NeededBytes, long FreeBytes);
