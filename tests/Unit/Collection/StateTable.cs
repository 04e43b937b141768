namespace SecureBackup.Tests.Unit.Collection;

/// <summary>
/// States in the order in which they were reached, each once, and from which one: 32 bytes a state at the most, since the worlds are large. Exact: no state is taken for another.
/// </summary>
internal sealed class StateTable
{
    private const int BlockBits = 16;
    private const int BlockStates = 1 << BlockBits;

    private readonly List<UInt128[]> _states = [];
    private readonly List<int[]> _origins = [];

    /// <summary>Numbers plus one; 0 where nothing is.</summary>
    private int[] _slots = new int[2 * BlockStates];

    internal int Count { get; private set; }

    internal UInt128 this[int number] => _states[number >> BlockBits][number & (BlockStates - 1)];

    /// <returns>The number of the state from which one was first reached; -1 for the first.</returns>
    internal int OriginOf(int number) => _origins[number >> BlockBits][number & (BlockStates - 1)];

    internal bool TryAdd(UInt128 state, int origin)
    {
        var slot = SlotOf(state);
        if (_slots[slot] != 0)
        {
            return false;
        }

        if ((Count & (BlockStates - 1)) == 0)
        {
            _states.Add(new UInt128[BlockStates]);
            _origins.Add(new int[BlockStates]);
        }

        _states[^1][Count & (BlockStates - 1)] = state;
        _origins[^1][Count & (BlockStates - 1)] = origin;
        _slots[slot] = ++Count;
        if (Count > _slots.Length / 4 * 3)
        {
            Grow();
        }

        return true;
    }

    /// <summary>Where a state stands, or may be put.</summary>
    private int SlotOf(UInt128 state)
    {
        var mixed = ((ulong)state * 0x9E3779B97F4A7C15UL) ^ ((ulong)(state >> 64) * 0xC2B2AE3D27D4EB4FUL);
        var slot = (int)((mixed ^ (mixed >> 32)) & (ulong)(_slots.Length - 1));
        while (_slots[slot] is not 0 and var number && this[number - 1] != state)
        {
            slot = (slot + 1) & (_slots.Length - 1);
        }

        return slot;
    }

    private void Grow()
    {
        _slots = new int[2 * _slots.Length];
        for (var number = 0; number < Count; number++)
        {
            _slots[SlotOf(this[number])] = number + 1;
        }
    }
}
