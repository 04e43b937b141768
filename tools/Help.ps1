<#
.SYNOPSIS
Makes the help file of the module from the pages in docs/cmdlets.
.DESCRIPTION
The pages hold the words; what a parameter is (type, position, pipeline, sets) is read from the cmdlets themselves. A parameter without words
on its cmdlet's page takes those of shared-parameters.md; one that has none there either is an error, as are words for a parameter
that does not exist. Runs in PowerShell 7.6 and in the console of this repository.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [string] $Pages,
    [Parameter(Mandatory)] [string] $Assembly,
    [Parameter(Mandatory)] [string] $Destination
)

$ErrorActionPreference = 'Stop'
$maml = 'http://schemas.microsoft.com/maml/2004/10'
$command = 'http://schemas.microsoft.com/maml/dev/command/2004/10'
$dev = 'http://schemas.microsoft.com/maml/dev/2004/10'

# A page as: title, blocks of text under '' (the opening), 'Parameters/Name', 'Examples/Title', 'Output', 'Notes'.
function Read-Page([string] $Path) {
    $page = @{ Title = ''; Text = [ordered]@{} }
    $section = ''
    foreach ($line in [IO.File]::ReadAllLines($Path)) {
        if ($line.StartsWith('### ')) { $section = $section.Split('/')[0] + '/' + $line.Substring(4); $page.Text[$section] = @() }
        elseif ($line.StartsWith('## ')) { $section = $line.Substring(3); $page.Text[$section] = @() }
        elseif ($line.StartsWith('# ')) { $page.Title = $line.Substring(2); $page.Text[''] = @() }
        else { $page.Text[$section] += $line }
    }

    $page
}

function Get-Paragraph([string[]] $Lines) {
    ($Lines -join "`n").Split("`n`n") | ForEach-Object { $_.Replace("`n", ' ').Replace('`', '').Trim() } | Where-Object { $_ }
}

function Write-Text([Xml.XmlWriter] $Xml, [string] $Element, [string] $Namespace, [string[]] $Lines) {
    $Xml.WriteStartElement($Element, $Namespace)
    foreach ($paragraph in Get-Paragraph $Lines) { $Xml.WriteElementString('para', $maml, $paragraph) }
    $Xml.WriteEndElement()
}

function Get-Words($Page, [string] $Name) {
    foreach ($source in $Page, $shared) {
        if ($source.Text.Contains("Parameters/$Name")) { return $source.Text["Parameters/$Name"] }
    }

    throw "docs/cmdlets/$($Page.Title).md says nothing about -$Name."
}

# One row for each parameter and set; Set is empty where the parameter is in all sets.
function Get-CmdletParameter([type] $Type, $Cmdlet) {
    foreach ($property in $Type.GetProperties()) {
        $attributes = [Attribute]::GetCustomAttributes($property, $true)
        $alias = $attributes | Where-Object { $_ -is [Management.Automation.AliasAttribute] } | ForEach-Object { $_.AliasNames }
        foreach ($attribute in $attributes | Where-Object { $_ -is [Management.Automation.ParameterAttribute] }) {
            $pipeline = @(if ($attribute.ValueFromPipeline) { 'ByValue' }; if ($attribute.ValueFromPipelineByPropertyName) { 'ByPropertyName' })
            @{
                Name = $property.Name
                Type = [Nullable]::GetUnderlyingType($property.PropertyType) ?? $property.PropertyType
                Set = if ($attribute.ParameterSetName -eq '__AllParameterSets') { '' } else { $attribute.ParameterSetName }
                Required = $attribute.Mandatory
                Position = if ($attribute.Position -eq [int]::MinValue) { 'named' } else { "$($attribute.Position)" }
                Pipeline = if ($pipeline) { "True ($($pipeline -join ', '))" } else { 'False' }
                Globbing = @($attributes | Where-Object { $_ -is [Management.Automation.SupportsWildcardsAttribute] }).Count -gt 0
                Aliases = if ($alias) { $alias -join ', ' } else { 'none' }
            }
        }
    }

    if ($Cmdlet.SupportsShouldProcess) {
        foreach ($name in 'WhatIf', 'Confirm') {
            @{
                Name = $name; Type = [switch]; Set = ''; Required = $false; Position = 'named'; Pipeline = 'False'; Globbing = $false
                Aliases = if ($name -eq 'WhatIf') { 'wi' } else { 'cf' }
            }
        }
    }
}

function Write-Parameter([Xml.XmlWriter] $Xml, $Parameter, $Page) {
    $Xml.WriteStartElement('parameter', $command)
    $Xml.WriteAttributeString('required', "$($Parameter.Required)".ToLowerInvariant())
    $Xml.WriteAttributeString('globbing', "$($Parameter.Globbing)".ToLowerInvariant())
    $Xml.WriteAttributeString('pipelineInput', $Parameter.Pipeline)
    $Xml.WriteAttributeString('position', $Parameter.Position)
    $Xml.WriteAttributeString('aliases', $Parameter.Aliases)
    $Xml.WriteElementString('name', $maml, $Parameter.Name)
    Write-Text $Xml 'description' $maml (Get-Words $Page $Parameter.Name)
    if ($Parameter.Type.IsEnum) {
        $Xml.WriteStartElement('parameterValueGroup', $command)
        foreach ($value in [enum]::GetNames($Parameter.Type)) { $Xml.WriteElementString('parameterValue', $command, $value) }
        $Xml.WriteEndElement()
    }
    elseif ($Parameter.Type -ne [switch]) {
        $Xml.WriteStartElement('parameterValue', $command)
        $Xml.WriteAttributeString('required', 'true')
        $Xml.WriteString($Parameter.Type.Name)
        $Xml.WriteEndElement()
    }

    $Xml.WriteStartElement('type', $dev)
    $Xml.WriteElementString('name', $maml, $Parameter.Type.Name)
    $Xml.WriteEndElement()
    $Xml.WriteEndElement()
}

# The default set first, then the others in the order in which the parameters name them.
function Write-Syntax([Xml.XmlWriter] $Xml, $Parameters, [string] $DefaultSet, $Page) {
    $sets = [Collections.Generic.List[string]]::new()
    foreach ($set in @($DefaultSet) + @($Parameters | ForEach-Object { $_.Set })) {
        if ($set -and $set -ne '__AllParameterSets' -and -not $sets.Contains($set)) { $sets.Add($set) }
    }

    if ($sets.Count -eq 0) { $sets.Add('') }
    $Xml.WriteStartElement('syntax', $command)
    foreach ($set in $sets) {
        $Xml.WriteStartElement('syntaxItem', $command)
        $Xml.WriteElementString('name', $maml, $Page.Title)
        foreach ($parameter in $Parameters | Where-Object { $_.Set -in '', $set }) { Write-Parameter $Xml $parameter $Page }
        $Xml.WriteEndElement()
    }

    $Xml.WriteEndElement()
}

function Write-Example([Xml.XmlWriter] $Xml, [string] $Title, [string[]] $Lines) {
    $end = [Array]::LastIndexOf($Lines, '```')
    if ($Lines[0] -ne '```powershell' -or $end -lt 2) { throw "The example '$Title' has no block of PowerShell." }
    $Xml.WriteStartElement('example', $command)
    $Xml.WriteElementString('title', $maml, $Title)
    $Xml.WriteElementString('code', $dev, ($Lines[1..($end - 1)] -join "`n"))
    Write-Text $Xml 'remarks' $dev ($Lines[($end + 1)..$Lines.Count])
    $Xml.WriteEndElement()
}

function Write-Ending([Xml.XmlWriter] $Xml, $Page) {
    $output = @($Page.Text['Output'] | Where-Object { $_ })
    $Xml.WriteStartElement('returnValues', $command)
    $Xml.WriteStartElement('returnValue', $command)
    $Xml.WriteStartElement('type', $dev)
    $Xml.WriteElementString('name', $maml, $output[0])
    $Xml.WriteEndElement()
    Write-Text $Xml 'description' $maml $output[1..$output.Count]
    $Xml.WriteEndElement()
    $Xml.WriteEndElement()
    $Xml.WriteStartElement('alertSet', $maml)
    Write-Text $Xml 'alert' $maml $Page.Text['Notes']
    $Xml.WriteEndElement()
    $Xml.WriteStartElement('examples', $command)
    foreach ($key in $Page.Text.Keys | Where-Object { $_.StartsWith('Examples/') }) { Write-Example $Xml $key.Substring(9) @($Page.Text[$key] | Where-Object { $_ }) }
    $Xml.WriteEndElement()
}

function Write-Cmdlet([Xml.XmlWriter] $Xml, [type] $Type, $Cmdlet) {
    $page = Read-Page ([IO.Path]::Combine($Pages, "$($Cmdlet.VerbName)-$($Cmdlet.NounName).md"))
    $synopsis, $description = Get-Paragraph $page.Text['']
    $parameters = @(Get-CmdletParameter $Type $Cmdlet)
    $known = @($parameters | ForEach-Object { $_.Name })
    foreach ($key in $page.Text.Keys | Where-Object { $_.StartsWith('Parameters/') -and $_.Substring(11) -notin $known }) {
        throw "docs/cmdlets/$($page.Title).md describes -$($key.Substring(11)), which does not exist."
    }

    $Xml.WriteStartElement('command', $command)
    $Xml.WriteStartElement('details', $command)
    $Xml.WriteElementString('name', $command, $page.Title)
    $Xml.WriteElementString('verb', $command, $Cmdlet.VerbName)
    $Xml.WriteElementString('noun', $command, $Cmdlet.NounName)
    Write-Text $Xml 'description' $maml $synopsis
    $Xml.WriteEndElement()
    Write-Text $Xml 'description' $maml (($description ?? $synopsis) -join "`n`n")
    Write-Syntax $Xml $parameters $Cmdlet.DefaultParameterSetName $page
    $Xml.WriteStartElement('parameters', $command)
    $written = @()
    foreach ($parameter in $parameters) {
        if ($parameter.Name -in $written) { continue }
        Write-Parameter $Xml $parameter $page
        $written += $parameter.Name
    }

    $Xml.WriteEndElement()
    Write-Ending $Xml $page
    $Xml.WriteEndElement()
}

# Loaded from bytes, so that the file is neither locked nor taken for the module.
$shared = Read-Page ([IO.Path]::Combine($Pages, 'shared-parameters.md'))
$null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($Destination))
$settings = [Xml.XmlWriterSettings]@{ Indent = $true; NewLineChars = "`n" }
$xml = [Xml.XmlWriter]::Create($Destination, $settings)
try {
    $xml.WriteStartElement('helpItems', 'http://msh')
    $xml.WriteAttributeString('schema', 'maml')
    foreach ($type in [Reflection.Assembly]::Load([IO.File]::ReadAllBytes($Assembly)).GetExportedTypes()) {
        $cmdlet = [Attribute]::GetCustomAttribute($type, [Management.Automation.CmdletAttribute])
        if ($cmdlet) { Write-Cmdlet $xml $type $cmdlet }
    }

    $xml.WriteEndElement()
}
finally {
    $xml.Dispose()
}
