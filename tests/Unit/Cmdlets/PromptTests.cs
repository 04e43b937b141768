using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>A host that answers questions, as a terminal with a person at it would.</summary>
public sealed class PromptTests : IDisposable
{
    private const string AnsweringHost = """
        class Ui : Management.Automation.Host.PSHostUserInterface {
            [Collections.Generic.Queue[string]] $Answers = [Collections.Generic.Queue[string]]::new()
            [Collections.Generic.Queue[int]] $Choices = [Collections.Generic.Queue[int]]::new()
            [Collections.Generic.List[string]] $Questions = [Collections.Generic.List[string]]::new()
            [Management.Automation.Host.PSHostRawUserInterface] get_RawUI() { return $null }
            [string] ReadLine() { throw 'not asked like this' }
            [securestring] ReadLineAsSecureString() { throw 'not asked like this' }
            [void] Write([string] $Text) { }
            [void] Write([ConsoleColor] $Fore, [ConsoleColor] $Back, [string] $Text) { }
            [void] WriteLine([string] $Text) { }
            [void] WriteErrorLine([string] $Text) { }
            [void] WriteDebugLine([string] $Text) { }
            [void] WriteVerboseLine([string] $Text) { }
            [void] WriteWarningLine([string] $Text) { }
            [void] WriteProgress([long] $Source, [Management.Automation.ProgressRecord] $Record) { }
            [int] PromptForChoice([string] $Caption, [string] $Message, [Collections.ObjectModel.Collection[Management.Automation.Host.ChoiceDescription]] $Choices, [int] $Default) { $this.Questions.Add($Message); return $this.Choices.Dequeue() }
            [pscredential] PromptForCredential([string] $Caption, [string] $Message, [string] $User, [string] $Target) { throw 'no credential' }
            [pscredential] PromptForCredential([string] $Caption, [string] $Message, [string] $User, [string] $Target, [Management.Automation.PSCredentialTypes] $Types, [Management.Automation.PSCredentialUIOptions] $Options) { throw 'no credential' }
            [Collections.Generic.Dictionary[string, psobject]] Prompt([string] $Caption, [string] $Message, [Collections.ObjectModel.Collection[Management.Automation.Host.FieldDescription]] $Fields) {
                $this.Questions.Add($Message)
                $secret = [securestring]::new()
                foreach ($character in $this.Answers.Dequeue().ToCharArray()) { $secret.AppendChar($character) }
                $given = [Collections.Generic.Dictionary[string, psobject]]::new()
                $given[$Fields[0].Name] = [psobject]::AsPSObject($secret)
                return $given
            }
        }
        class AnsweringHost : Management.Automation.Host.PSHost {
            [Ui] $Screen = [Ui]::new()
            [guid] $Instance = [guid]::NewGuid()
            [string] get_Name() { return 'AnsweringHost' }
            [version] get_Version() { return '1.0' }
            [guid] get_InstanceId() { return $this.Instance }
            [Management.Automation.Host.PSHostUserInterface] get_UI() { return $this.Screen }
            [cultureinfo] get_CurrentCulture() { return [cultureinfo]::InvariantCulture }
            [cultureinfo] get_CurrentUICulture() { return [cultureinfo]::InvariantCulture }
            [void] EnterNestedPrompt() { }
            [void] ExitNestedPrompt() { }
            [void] NotifyBeginApplication() { }
            [void] NotifyEndApplication() { }
            [void] SetShouldExit([int] $Code) { }
        }
        function Invoke-Answered([string[]] $Answers, [string] $Script, [int[]] $Choices) {
            $answering = [AnsweringHost]::new()
            foreach ($choice in $Choices) { $answering.Screen.Choices.Enqueue($choice) }
            foreach ($answer in $Answers) { $answering.Screen.Answers.Enqueue($answer) }
            $runspace = [runspacefactory]::CreateRunspace($answering, [initialsessionstate]::CreateDefault2())
            $runspace.Open()
            $shell = [powershell]::Create($runspace)
            $null = $shell.AddScript('param($module) Import-Module $module').AddArgument($env:SECUREBACKUP_MODULE).AddStatement().AddScript($Script)
            try { @($shell.Invoke()).ForEach({ "$_" }) } catch { $_.Exception.InnerException.ErrorRecord.FullyQualifiedErrorId.Split(',')[0] }
            @($shell.Streams.Error).ForEach({ $_.FullyQualifiedErrorId.Split(',')[0] })
            "$($answering.Screen.Questions.Count) questions"
            $runspace.Dispose()
        }

        """;

    private readonly Workplace _place = new();

    public PromptTests()
    {
        _place.Environment["SECUREBACKUP_PASSPHRASE"] = null;
    }

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_new_passphrase_is_asked_for_twice_and_that_of_a_vault_once()
    {
        var lines = await _place.LinesAsync(AnsweringHost + """
            Invoke-Answered 'one two', 'one two' "(New-BackupVault '$PWD/vault').Role"
            Invoke-Answered 'one two' "(Connect-BackupVault '$PWD/vault').Role"
            Invoke-Answered 'one', 'two' "New-BackupVault '$PWD/other'"
            Invoke-Answered 'wrong' "Connect-BackupVault '$PWD/vault'"
            Invoke-Answered 'never asked' "Connect-BackupVault '$PWD/crm'"
            [IO.Directory]::Exists("$PWD/other")
            """);
        Assert.Equal(
            [
                "Owner", "2 questions", "Owner", "1 questions", $"{FaultCodes.PassphrasesDiffer}", "2 questions",
                $"{FaultCodes.WrongPassphrase}", "1 questions", $"{FaultCodes.NotAVault}", "0 questions", "False",
            ],
            lines);
    }

    [Fact]
    public async Task A_mirror_deletes_when_a_person_says_yes_and_nothing_when_she_says_no()
    {
        _place.Environment["SECUREBACKUP_PASSPHRASE"] = Workplace.Passphrase;
        var lines = await _place.LinesAsync(AnsweringHost + """
            $null = New-BackupVault ./vault | Connect-BackupVault
            $null = Start-CustomerBackup ./crm
            [IO.File]::WriteAllText("$PWD/crm/new.txt", 'since')
            $mirror = "(Restore-CustomerBackup -Vault '$PWD/vault' -InPlace -Mirror {0}).DeletedCount"
            Invoke-Answered @() ($mirror -f '') -Choices 1
            [IO.File]::Exists("$PWD/crm/new.txt")
            Invoke-Answered @() ($mirror -f '-Confirm') -Choices 2
            [IO.File]::Exists("$PWD/crm/new.txt")
            Invoke-Answered @() ($mirror -f '') -Choices 0
            [IO.File]::Exists("$PWD/crm/new.txt")
            """);
        Assert.Equal(["1 questions", "True", "1 questions", "True", "1", "1 questions", "False"], lines.Where(static line => line.Length > 0));
    }
}
