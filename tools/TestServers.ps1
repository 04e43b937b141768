<#
.SYNOPSIS
Says of each server that tests talk to whether it is here: one line a server.
.DESCRIPTION
A server that is here is started by the first test that wants it, on a free port of this machine, and ended with the tests. Tests of one that is not are skipped.
.PARAMETER Repository
Its folder, for what npm installs.
#>
[CmdletBinding()]
param([Parameter(Mandatory)] [string] $Repository)

$servers = @(
    @{ Name = 'S3 server (Ceph)'; Needs = 'ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'monmaptool', 'ceph'; Install = 'apt-get install radosgw ceph-mon ceph-osd ceph-common' }
    @{ Name = 'Azurite'; Needs = 'node', 'tests/Servers/node_modules/azurite'; Install = 'npm ci --prefix tests/Servers --ignore-scripts' }
    @{ Name = 'SFTP server (OpenSSH)'; Needs = 'sshd', 'ssh-keygen'; Install = 'apt-get install openssh-server' }
    @{ Name = 'WebDAV server (Apache)'; Needs = 'apache2', 'openssl'; Install = 'apt-get install apache2-bin openssl' }
    @{ Name = 'WebDAV server and clients (rclone)'; Needs = 'rclone', 'ssh-keygen'; Install = 'apt-get install rclone openssh-client' }
)
$folders = @([Environment]::GetEnvironmentVariable('PATH').Split([IO.Path]::PathSeparator, [StringSplitOptions]::RemoveEmptyEntries)) + '/usr/sbin', '/usr/local/sbin'

# A name with a slash is a folder of the repository.
function Test-Need([string] $Need) {
    if ($Need.Contains('/')) { return [IO.Directory]::Exists([IO.Path]::Combine($Repository, $Need)) }
    $endings = if ([OperatingSystem]::IsWindows()) { '.exe', '.cmd' } else { '' }
    foreach ($folder in $folders) {
        foreach ($ending in $endings) {
            if ([IO.File]::Exists([IO.Path]::Combine($folder, "$Need$ending"))) { return $true }
        }
    }

    $false
}

foreach ($server in $servers) {
    $missing = @($server.Needs | Where-Object { -not (Test-Need $_) })
    if ($missing) { "$($server.Name): without $($missing -join ', '), its tests are skipped: $($server.Install)" } else { "$($server.Name): starts" }
}
