using Azure.Core;
using Azure.Core.Pipeline;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Azure;

/// <summary>
/// Makes the end of a broken answer final. The SDK would ask for the rest of a body up to five times by itself, past every count, pause and deadline of ours.
/// </summary>
internal sealed class SingleAnswer(AzureSettings settings) : HttpPipelineSynchronousPolicy
{
    public override void OnReceivedResponse(HttpMessage message)
    {
        if (message.Response.ContentStream is { CanSeek: false } body)
        {
            message.Response.ContentStream = new Body(body, settings);
        }
    }

    private sealed class Body(Stream inner, AzureSettings settings) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            try
            {
                return inner.Read(buffer, offset, count);
            }
            catch (Exception exception) when (exception is IOException or HttpRequestException)
            {
                throw Broken(exception);
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                return await inner.ReadAsync(buffer, cancellationToken);
            }
            catch (Exception exception) when (exception is IOException or HttpRequestException)
            {
                throw Broken(exception);
            }
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }

        private TargetException Broken(Exception exception) =>
            new(TargetFault.Unavailable, $"An answer of {settings.DisplayName} broke off: {exception.Message}", exception);
    }
}
