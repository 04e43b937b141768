using System.Globalization;

namespace SecureBackup.Bench.Samples;

/// <summary>A shop's export: a table of customers and one of their orders, the same for every run.</summary>
internal sealed class RecordSample(double share)
{
    private const long CustomerBytes = 300_000_000;
    private const long OrderBytes = 600_000_000;
    private const int Articles = 5_000;

    private readonly Random _random = new(11);

    internal void Make(string folder)
    {
        var words = new SampleWords(_random);
        var customers = Write(
            Path.Combine(folder, "customers.csv"), (long)(CustomerBytes * share), "id,name,mail,phone,street,postcode,city,since,segment,balance,newsletter,note", number => CustomerOf(number, words));
        var articles = Enumerable.Range(0, Articles).Select(number => (Number: $"A{_random.Next(10_000_000):0000000}", Name: words.Note(4), Cents: _random.Next(99, 60_000))).ToArray();
        Write(
            Path.Combine(folder, "orders.csv"), (long)(OrderBytes * share), "id,customer,placed,article,name,pieces,price,total,state,paid_by,tracking,channel,remark", number => OrderOf(number, customers, articles, words));
    }

    /// <returns>Rows written.</returns>
    private static int Write(string path, long bytes, string head, Func<int, string> row)
    {
        using var file = new StreamWriter(path, append: false, new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 1 << 20) { NewLine = "\n" };
        file.WriteLine(head);
        var written = (long)head.Length;
        var number = 0;
        while (written < bytes)
        {
            var line = row(++number);
            file.WriteLine(line);
            written += line.Length + 1;
        }

        return number;
    }

    private string CustomerOf(int number, SampleWords words)
    {
        var (first, last) = (words.First(), words.Last());
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{number},{first} {last},{first.ToLowerInvariant()}.{last.ToLowerInvariant()}{_random.Next(1000)}@{(_random.Next(3) == 0 ? words.Last().ToLowerInvariant() : "example")}.org,+{_random.Next(1, 99)} {_random.NextInt64(100_000_000, 9_999_999_999)},{words.Street()},{_random.Next(1000, 99_999):00000},{words.City()},{words.Time()},{"ABCD"[_random.Next(4)]},{_random.Next(-5_000, 200_000) / 100m},{(_random.Next(4) == 0 ? "yes" : "no")},{words.Note(12)}");
    }

    private string OrderOf(int number, int customers, (string Number, string Name, int Cents)[] articles, SampleWords words)
    {
        var (article, name, cents) = articles[(int)(articles.Length * Math.Pow(_random.NextDouble(), 2))];
        var pieces = 1 + (int)(6 * Math.Pow(_random.NextDouble(), 4));
        string[] states = ["shipped", "paid", "open", "returned", "cancelled"];
        string[] means = ["invoice", "card", "transfer", "cash", "voucher"];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{number},{_random.Next(1, customers + 1)},{words.Time()},{article},{name},{pieces},{cents / 100m:0.00},{pieces * cents / 100m:0.00},{states[_random.Next(states.Length)]},{means[_random.Next(means.Length)]},{_random.NextInt64():X16},{words.Channel()},{words.Note(7)}");
    }
}
