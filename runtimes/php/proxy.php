<?php
/**
 * The action proxy for PHP: /init loads the user's code into this process, /run calls its entry point.
 * One request at a time: a request that arrives meanwhile waits in its socket.
 */
declare(strict_types=1);

namespace MiniwhiskProxy;

require __DIR__ . '/wire.php';
require __DIR__ . '/output.php';

const NOT_FOUND_OR_BAD = 'The action failed to generate or locate a binary. See logs for details.';
const CANNOT_START = 'Cannot start action. Check logs for details.';
const NO_RESULT = 'The action did not return a dictionary or array.';
/** JSON may be nested so deep. */
const DEPTH = 4096;

ini_set('display_errors', '0');
ini_set('log_errors', '1');
ini_set('log_errors_max_len', '0');
ini_set('html_errors', '0');
ini_set('memory_limit', '-1');
error_reporting(E_ALL);
set_time_limit(0);

final class Proxy
{
    /** @var ?callable */
    public static $main = null;
    /** Set while the user's code runs: answers for it when the process ends under it. @var ?\Closure(int, string): void */
    public static ?\Closure $answerAtEnd = null;
    public static bool $initializing = false;
    public static bool $ended = false;

    /** @return array{int, string} status and body */
    public static function answer(string $method, string $path, string $body): array
    {
        $handler = $method !== 'POST' ? null : ($path === '/run' ? 'run' : ($path === '/init' ? 'init' : null));
        $message = $body === '' ? [] : json_decode($body, true, DEPTH);
        if ($handler === null || !is_array($message) || ($body !== '' && ltrim($body)[0] !== '{')) {
            return [500, error_body('Bad request.')];
        }
        return self::$handler($message);
    }

    private static function init(array $message): array
    {
        if (self::$main !== null) {
            fwrite(STDERR, "Cannot initialize the action more than once.\n");
            return [403, error_body('Cannot initialize the action more than once.')];
        }
        $value = is_array($message['value'] ?? null) ? $message['value'] : [];
        $code = $value['code'] ?? null;
        if (!is_string($code) || $code === '') {
            return [403, error_body('Missing main/no code to execute.')];
        }
        $entry = is_string($value['main'] ?? null) && $value['main'] !== '' ? $value['main'] : 'main';
        foreach (is_array($value['env'] ?? null) ? $value['env'] : [] as $name => $setting) {
            export((string) $name, $setting);
        }
        require_once __DIR__ . '/load.php';
        self::$initializing = true;
        try {
            self::$main = load_action($code, $entry, ($value['binary'] ?? false) === true);
            return [200, '{"ok":true}'];
        } catch (CannotLoad $error) {
            fwrite(STDERR, $error->getMessage() . "\n");
            $text = $error->beforeStart ? NOT_FOUND_OR_BAD : CANNOT_START;
        } catch (\Throwable $error) {
            fwrite(STDERR, ($error instanceof \ParseError ? 'PHP Parse error: ' : '') . $error . "\n");
            $text = $error instanceof \ParseError ? NOT_FOUND_OR_BAD : CANNOT_START;
        } finally {
            self::$initializing = false;
        }
        Output::endActivation();
        return [502, error_body($text)];
    }

    private static function run(array $message): array
    {
        if (self::$main === null) {
            return [500, error_body('no action defined yet')];
        }
        foreach ($message as $name => $setting) {
            if ($name !== 'value') {
                export('__OW_' . strtoupper((string) $name), $setting);
            }
        }
        $body = null;
        try {
            $result = (self::$main)($message['value'] ?? []);
            if (is_object($result)) {
                $result = method_exists($result, 'getArrayCopy') ? $result->getArrayCopy() : $result;
            }
            if ($result === null || $result === []) {
                $body = '{}';
            } elseif (is_array($result) || $result instanceof \stdClass || $result instanceof \JsonSerializable) {
                $text = json_encode($result, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES, DEPTH);
                $body = $text[0] === '{' || $text[0] === '[' ? $text : null;
            } else {
                $shown = is_scalar($result) ? var_export($result, true) : '';
                fwrite(STDERR, 'Result must be an array but has type "' . gettype($result) . "\": $shown\n");
            }
        } catch (\Throwable $error) {
            fwrite(STDERR, $error . "\n");
        }
        Output::endActivation();
        return $body === null ? [502, error_body(NO_RESULT)] : [200, $body];
    }

    /** The process ends while the user's code runs (exit, or a fatal error): the caller still gets its answer. */
    public static function atEnd(): void
    {
        if (self::$answerAtEnd !== null && !self::$ended) {
            self::$ended = true;
            Output::endActivation();
            (self::$answerAtEnd)(self::$initializing ? 502 : 400, error_body(self::$initializing ? CANNOT_START : 'command exited'));
        }
        if (function_exists(__NAMESPACE__ . '\\remove_folder')) {
            remove_folder();
        }
    }
}

function error_body(string $text): string
{
    return json_encode(['error' => $text], JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE);
}

function export(string $name, mixed $value): void
{
    $text = match (true) {
        is_string($value) => $value,
        $value === null => '',
        default => json_encode($value, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES),
    };
    $_ENV[$name] = $text;
    putenv("$name=$text");
}

$listen = getenv('MINIWHISK_PROXY_LISTEN');
$watchParent = getenv('MINIWHISK_PROXY_PARENT') === 'stdin';
foreach (array_keys(getenv()) as $name) {
    if (str_starts_with($name, 'MINIWHISK_')) {
        putenv($name);
        unset($_ENV[$name], $_SERVER[$name]);
    }
}
register_shutdown_function([Proxy::class, 'atEnd']);
if (function_exists('pcntl_async_signals')) {
    pcntl_async_signals(true);
    pcntl_signal(SIGTERM, static function (): void {
        Proxy::$ended = true;
        exit(143);
    });
}
$server = new Wire($listen === false ? '' : $listen, $watchParent);
Output::start();
unset($listen, $watchParent, $name);
$server->serve();
