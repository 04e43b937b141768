using System.Management.Automation.Host;

namespace SecureBackup.Shell;

/// <summary>The size and the cursor of the terminal. Screen buffers can be neither read nor painted here, as on every Unix terminal.</summary>
internal sealed class RawUserInterface : PSHostRawUserInterface
{
    public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.Gray;

    public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;

    public override int CursorSize { get; set; } = 25;

    public override Coordinates CursorPosition
    {
        get => Screen.HasTerminal && !Console.IsInputRedirected ? new(Console.CursorLeft, Console.CursorTop) : new(0, 0);
        set
        {
            if (Screen.HasTerminal)
            {
                Console.SetCursorPosition(value.X, value.Y);
            }
        }
    }

    public override Coordinates WindowPosition { get; set; }

    public override Size BufferSize
    {
        get => new(Screen.Width, Screen.Height);
        set => throw Unsupported();
    }

    public override Size WindowSize
    {
        get => new(Screen.Width, Screen.Height);
        set => throw Unsupported();
    }

    public override Size MaxWindowSize => WindowSize;

    public override Size MaxPhysicalWindowSize => WindowSize;

    public override bool KeyAvailable => !Console.IsInputRedirected && Console.KeyAvailable;

    public override string WindowTitle { get; set; } = "SecureBackup.Shell";

    public override void FlushInputBuffer()
    {
        while (KeyAvailable)
        {
            Console.ReadKey(intercept: true);
        }
    }

    public override KeyInfo ReadKey(ReadKeyOptions options) => throw Unsupported();

    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw Unsupported();

    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) => throw Unsupported();

    public override void SetBufferContents(Rectangle rectangle, BufferCell fill) => throw Unsupported();

    public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) => throw Unsupported();

    private static HostException Unsupported() => new("This shell does not offer direct access to the screen buffer or to single keys.");
}
