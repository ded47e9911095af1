<?php
declare(strict_types=1);

namespace MiniwhiskProxy;

const SENTINEL = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX\n";

/** Remembers whether what went through a stream last ended a line. */
final class LineEnd extends \php_user_filter
{
    /** By stream number. @var array<int, bool> */
    public static array $ended = [1 => true, 2 => true];

    public function filter($in, $out, &$consumed, bool $closing): int
    {
        while ($bucket = stream_bucket_make_writeable($in)) {
            if ($bucket->datalen > 0) {
                self::$ended[$this->params] = $bucket->data[$bucket->datalen - 1] === "\n";
            }
            $consumed += $bucket->datalen;
            stream_bucket_append($out, $bucket);
        }
        return PSFS_PASS_ON;
    }
}

/** The two output streams: every byte leaves at once, and the sentinel always gets a line of its own. */
final class Output
{
    public static function start(): void
    {
        stream_filter_register('miniwhisk.lineend', LineEnd::class);
        stream_filter_append(STDOUT, 'miniwhisk.lineend', STREAM_FILTER_WRITE, 1);
        stream_filter_append(STDERR, 'miniwhisk.lineend', STREAM_FILTER_WRITE, 2);
        self::capture();
    }

    /** `echo` goes through a buffer that hands everything on at once, only to see how it ends. */
    private static function capture(): void
    {
        ob_start(static function (string $data): string {
            if ($data !== '') {
                LineEnd::$ended[1] = $data[-1] === "\n";
            }
            return $data;
        }, 1);
    }

    public static function endActivation(): void
    {
        $levels = ob_get_level();
        while (ob_get_level() > 0) {
            ob_end_flush();
        }
        flush();
        fwrite(STDOUT, LineEnd::$ended[1] ? SENTINEL : "\n" . SENTINEL);
        fwrite(STDERR, LineEnd::$ended[2] ? SENTINEL : "\n" . SENTINEL);
        fflush(STDOUT);
        fflush(STDERR);
        LineEnd::$ended = [1 => true, 2 => true];
        if ($levels > 0) {
            self::capture();
        }
    }
}
