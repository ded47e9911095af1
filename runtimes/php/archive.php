<?php
declare(strict_types=1);

namespace MiniwhiskProxy;

/** What an archive may unpack to: bytes in all files together, and files and folders. */
const MAX_BYTES = 512 * 1024 * 1024;
const MAX_ENTRIES = 100000;

/** Unpacks a zip or tar.gz archive into an empty folder, trusting nothing it says. */
final class Archive
{
    private const S_IFMT = 0o170000;
    private const S_IFDIR = 0o040000;
    private const S_IFREG = 0o100000;
    private const S_IFLNK = 0o120000;

    private int $entries = 0;
    private int $bytes = 0;

    public function __construct(private string $folder)
    {
    }

    public function unpack(string $data): void
    {
        if (str_starts_with($data, 'PK')) {
            $this->unzip($data);
        } else {
            $tar = @gzdecode($data, MAX_BYTES);
            if ($tar === false) {
                throw self::bad('The gzip file is damaged, or unpacks to more than ' . MAX_BYTES . ' bytes.');
            }
            $this->untar($tar);
        }
    }

    private static function bad(string $reason): CannotLoad
    {
        return new CannotLoad("There was an error uncompressing the action archive. $reason");
    }

    private static function shown(string $name): string
    {
        return json_encode($name, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE);
    }

    /** The path that an entry means. Windows' separators count on every system. */
    private function path(string $name): string
    {
        $parts = explode('/', strtr($name, '\\', '/'));
        if (str_contains($name, "\0") || preg_match('#^([/\\\\]|[A-Za-z]:)#', $name) || in_array('..', $parts, true)) {
            throw self::bad("It holds a path that leaves the action's folder: " . self::shown($name) . '.');
        }
        return $this->folder . '/' . implode('/', array_filter($parts, static fn($part) => $part !== '' && $part !== '.'));
    }

    private function count(int $size): void
    {
        $this->bytes += $size;
        if (++$this->entries > MAX_ENTRIES) {
            throw self::bad('It holds more than ' . MAX_ENTRIES . ' files.');
        }
        if ($this->bytes > MAX_BYTES) {
            throw self::bad('It unpacks to more than ' . MAX_BYTES . ' bytes.');
        }
    }

    private function directory(string $name): void
    {
        $this->count(0);
        $path = $this->path($name);
        is_dir($path) || mkdir($path, 0755, true);
    }

    /** @param \Closure(): string $content */
    private function file(string $name, int $size, int $mode, \Closure $content): void
    {
        $path = $this->path($name);
        $this->count($size);
        is_dir(dirname($path)) || mkdir(dirname($path), 0755, true);
        file_put_contents($path, $content());
        if ($mode & 0o111) {
            chmod($path, ($mode & 0o777) | 0o600);
        }
    }

    private static function refuseType(string $name, bool $link): never
    {
        $what = $link ? 'a symbolic link' : 'neither a file nor a folder';
        throw self::bad(self::shown($name) . " is $what, which is not allowed.");
    }

    private function unzip(string $zip): void
    {
        $end = strrpos($zip, "PK\x05\x06");
        if ($end === false || strlen($zip) < $end + 22) {
            throw self::bad('The zip file is damaged.');
        }
        ['count' => $count, 'size' => $size, 'offset' => $offset] = unpack('vcount/Vsize/Voffset', $zip, $end + 10);
        if ($end >= 20 && substr($zip, $end - 20, 4) === "PK\x06\x07" && ($count === 0xffff || $offset === 0xffffffff || $size === 0xffffffff)) {
            ['at' => $at] = unpack('Pat', $zip, $end - 12);
            if ($at + 56 > strlen($zip) || substr($zip, $at, 4) !== "PK\x06\x06") {
                throw self::bad('The zip file is damaged.');
            }
            ['count' => $count, 'size' => $size, 'offset' => $offset] = unpack('Pcount/Psize/Poffset', $zip, $at + 32);
            $end = $at;
        }
        // Bytes before the archive proper (a self-extracting one) shift every offset.
        $shift = $end - $size - $offset;
        if ($shift < 0 || $size < $count * 46) {
            throw self::bad('The zip file is damaged.');
        }
        if ($count > MAX_ENTRIES) {
            throw self::bad('It holds more than ' . MAX_ENTRIES . ' files.');
        }
        for ($at = $offset + $shift, $i = 0; $i < $count; $i++) {
            if (substr($zip, $at, 4) !== "PK\x01\x02") {
                throw self::bad('The zip file is damaged.');
            }
            $entry = unpack(
                'vflags/vmethod/Vtime/Vcrc/Vpacked/Vsize/vnameLength/vextraLength/vcommentLength/vdisk/vinternal/Vexternal/Voffset',
                $zip,
                $at + 8,
            );
            $entry['name'] = substr($zip, $at + 46, $entry['nameLength']);
            self::zip64($entry, substr($zip, $at + 46 + $entry['nameLength'], $entry['extraLength']));
            $entry['offset'] += $shift;
            $this->zipEntry($zip, $entry);
            $at += 46 + $entry['nameLength'] + $entry['extraLength'] + $entry['commentLength'];
        }
    }

    /** Sizes and offset that did not fit 32 bits, from the zip64 extra field. */
    private static function zip64(array &$entry, string $extra): void
    {
        for ($at = 0; $at + 4 <= strlen($extra); $at += 4 + $field['length']) {
            $field = unpack('vid/vlength', $extra, $at);
            if ($field['id'] !== 1) {
                continue;
            }
            $next = $at + 4;
            foreach (['size', 'packed', 'offset'] as $key) {
                if ($entry[$key] === 0xffffffff && $next + 8 <= strlen($extra)) {
                    $entry[$key] = unpack('P', $extra, $next)[1];
                    $next += 8;
                }
            }
        }
    }

    private function zipEntry(string $zip, array $entry): void
    {
        $mode = $entry['external'] >> 16;
        $type = $mode & self::S_IFMT;
        $name = $entry['name'];
        if ($name === '') {
            throw self::bad('The zip file is damaged.');
        }
        if (in_array($name[-1], ['/', '\\'], true) || $type === self::S_IFDIR) {
            $this->directory($name);
        } elseif ($type === 0 || $type === self::S_IFREG) {
            $this->file($name, $entry['size'], $mode, static fn() => self::zipContent($zip, $entry));
        } else {
            self::refuseType($name, $type === self::S_IFLNK);
        }
    }

    private static function zipContent(string $zip, array $entry): string
    {
        $name = self::shown($entry['name']);
        if ($entry['flags'] & 1) {
            throw self::bad("$name is encrypted.");
        }
        if (substr($zip, $entry['offset'], 4) !== "PK\x03\x04") {
            throw self::bad("$name is damaged.");
        }
        $lengths = unpack('vname/vextra', $zip, $entry['offset'] + 26);
        $packed = substr($zip, $entry['offset'] + 30 + $lengths['name'] + $lengths['extra'], $entry['packed']);
        $data = match ($entry['method']) {
            0 => $packed,
            // It fails on data longer than this: one byte more is enough to see that the declaration was a lie.
            8 => $entry['size'] === 0 ? '' : @gzinflate($packed, $entry['size'] + 1),
            default => throw self::bad("$name is compressed by method {$entry['method']}, which is not supported."),
        };
        if ($data === false || strlen($packed) !== $entry['packed']) {
            throw self::bad("$name is damaged, or larger than it declares.");
        }
        if (strlen($data) !== $entry['size']) {
            throw self::bad("$name is not of the size it declares.");
        }
        if (crc32($data) !== $entry['crc']) {
            throw self::bad("$name is damaged: its checksum is wrong.");
        }
        return $data;
    }

    private function untar(string $tar): void
    {
        $text = static fn(int $at, int $length): string => explode("\0", substr($tar, $at, $length), 2)[0];
        $extended = [];
        for ($at = 0; $at + 512 <= strlen($tar) && $tar[$at] !== "\0"; $at += 512 + intdiv($size + 511, 512) * 512) {
            $size = (int) ($extended['size'] ?? octdec(trim($text($at + 124, 12))));
            $type = $tar[$at + 156] === "\0" ? '0' : $tar[$at + 156];
            $prefix = str_starts_with(substr($tar, $at + 257, 8), "ustar\x0000") ? $text($at + 345, 155) : '';
            $name = $extended['path'] ?? ($prefix === '' ? '' : "$prefix/") . $text($at, 100);
            if ($at + 512 + $size > strlen($tar)) {
                throw self::bad('The tar file is damaged.');
            }
            $data = substr($tar, $at + 512, $size);
            if ($type === 'x') {
                $extended += self::paxRecords($data);
            } elseif ($type === 'L') {
                $extended['path'] = rtrim($data, "\0");
            } elseif ($type !== 'g') {
                $extended = [];
                if ($type === '5') {
                    $this->directory($name);
                } elseif ($type === '0' || $type === '7') {
                    $this->file($name, $size, octdec(trim($text($at + 100, 8))), static fn() => $data);
                } else {
                    self::refuseType($name, $type === '1' || $type === '2');
                }
            }
        }
    }

    /** Records of a POSIX extended header: `length key=value\n`. */
    private static function paxRecords(string $data): array
    {
        $records = [];
        for ($at = 0; $at < strlen($data) && preg_match('/\G(\d+) ([^=]+)=/', $data, $match, 0, $at); $at += (int) $match[1]) {
            $start = $at + strlen($match[0]);
            $records[$match[2]] = substr($data, $start, $at + (int) $match[1] - 1 - $start);
        }
        return $records;
    }
}
