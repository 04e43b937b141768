namespace SecureBackup.Engine.Sources;

/// <summary>The pattern of one path component: literals, <c>?</c>, <c>*</c> and <c>[…]</c>.</summary>
internal sealed class GlobSegment
{
    private readonly List<Token> _tokens = [];

    private enum TokenKind
    {
        Literal,
        One,
        Many,
        Class,
    }

    /// <summary>Throws <see cref="FormatException"/> with what is wrong.</summary>
    public static GlobSegment Parse(ReadOnlySpan<int> pattern, bool ignoresCase)
    {
        var segment = new GlobSegment();
        for (var i = 0; i < pattern.Length; i++)
        {
            switch (pattern[i])
            {
                case '\\':
                    i++;
                    segment._tokens.Add(i < pattern.Length
                        ? new Token(TokenKind.Literal, pattern[i], null)
                        : throw new FormatException("it ends with a backslash that escapes nothing"));
                    break;
                case '?':
                    segment._tokens.Add(new Token(TokenKind.One, 0, null));
                    break;
                case '*':
                    segment._tokens.Add(new Token(TokenKind.Many, 0, null));
                    break;
                case '[':
                    segment._tokens.Add(new Token(TokenKind.Class, 0, GlobClass.Parse(pattern, ref i, ignoresCase)));
                    break;
                default:
                    segment._tokens.Add(new Token(TokenKind.Literal, pattern[i], null));
                    break;
            }
        }

        return segment;
    }

    public bool Matches(ReadOnlySpan<int> name)
    {
        // On a mismatch the last star takes one character more: linear in most cases, never exponential.
        var (token, position) = (0, 0);
        var (starToken, starPosition) = (-1, 0);
        while (position < name.Length)
        {
            if (token < _tokens.Count && _tokens[token].Kind == TokenKind.Many)
            {
                (starToken, starPosition) = (token++, position);
            }
            else if (token < _tokens.Count && _tokens[token].Takes(name[position]))
            {
                token++;
                position++;
            }
            else if (starToken >= 0)
            {
                (token, position) = (starToken + 1, ++starPosition);
            }
            else
            {
                return false;
            }
        }

        while (token < _tokens.Count && _tokens[token].Kind == TokenKind.Many)
        {
            token++;
        }

        return token == _tokens.Count;
    }

    private readonly record struct Token(TokenKind Kind, int Character, GlobClass? Class)
    {
        public bool Takes(int character) => Kind switch
        {
            TokenKind.Literal => character == Character,
            TokenKind.One => true,
            _ => Class!.Contains(character),
        };
    }
}
