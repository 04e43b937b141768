namespace SecureBackup.Engine.Crypto;

/// <summary>
/// The field of 256 elements with the polynomial x^8 + x^4 + x^3 + x + 1. No table and no branch depends on a value: a multiplication
/// takes the same steps whatever it multiplies.
/// </summary>
internal static class Gf256
{
    internal static byte Multiply(byte left, byte right)
    {
        var (a, b, product) = ((int)left, (int)right, 0);
        for (var bit = 0; bit < 8; bit++)
        {
            product ^= -(b & 1) & a;
            a = (a << 1) ^ (-(a >> 7) & 0x11B);
            b >>= 1;
        }

        return (byte)product;
    }

    /// <summary>value^254, which undoes a multiplication; 0 gives 0.</summary>
    internal static byte Invert(byte value)
    {
        var result = value;
        for (var step = 0; step < 6; step++)
        {
            result = Multiply(Multiply(result, result), value);
        }

        return Multiply(result, result);
    }

    /// <summary>The value at <paramref name="x"/> of the polynomials that go through the points, one for each byte of a point's value.</summary>
    /// <param name="points">Different places, and values of the length of <paramref name="result"/>.</param>
    internal static void Interpolate(IReadOnlyList<(byte X, byte[] Value)> points, byte x, Span<byte> result)
    {
        result.Clear();
        foreach (var (place, value) in points)
        {
            // Places are public: only the values are secret.
            var (above, below) = ((byte)1, (byte)1);
            foreach (var (other, _) in points)
            {
                if (other != place)
                {
                    above = Multiply(above, (byte)(x ^ other));
                    below = Multiply(below, (byte)(place ^ other));
                }
            }

            var weight = Multiply(above, Invert(below));
            for (var i = 0; i < result.Length; i++)
            {
                result[i] ^= Multiply(weight, value[i]);
            }
        }
    }
}
