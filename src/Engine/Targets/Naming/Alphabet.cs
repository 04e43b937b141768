using System.Buffers;

namespace SecureBackup.Engine.Targets.Naming;

/// <summary>What the parts of an address may be written with.</summary>
internal static class Alphabet
{
    public const string LowerAndDigits = "abcdefghijklmnopqrstuvwxyz0123456789";

    public const string LettersAndDigits = LowerAndDigits + "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    public static readonly SearchValues<char> Scheme = SearchValues.Create(LettersAndDigits + "+-.");

    public static readonly SearchValues<char> User = SearchValues.Create(LettersAndDigits + "._-+@\\");

    public static readonly SearchValues<char> Prefix = SearchValues.Create(LettersAndDigits + "_.-");

    public static readonly SearchValues<char> Bucket = SearchValues.Create(LowerAndDigits + "-._");

    public static readonly SearchValues<char> Host = SearchValues.Create(LowerAndDigits + "-._:[]");

    public static readonly SearchValues<char> TargetName = SearchValues.Create(LowerAndDigits + "-");

    public static readonly SearchValues<char> Lower = SearchValues.Create(LowerAndDigits);
}
