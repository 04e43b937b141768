namespace SecureBackup.Engine.Primitives;

/// <summary>A stretch of an object, in bytes from its start.</summary>
public readonly record struct ByteRange(long Offset, int LengthBytes);
