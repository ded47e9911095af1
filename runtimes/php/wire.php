<?php
declare(strict_types=1);

namespace MiniwhiskProxy;

/** 48 MB of code doubled by JSON escapes, and room for parameters. */
const MAX_BODY = 128 * 1024 * 1024;
const MAX_HEAD = 64 * 1024;
const REASONS = [
    200 => 'OK', 400 => 'Bad Request', 403 => 'Forbidden', 413 => 'Payload Too Large',
    500 => 'Internal Server Error', 502 => 'Bad Gateway',
];

/** The request cannot be read; the connection ends after the reply. */
final class Refusal extends \Exception
{
}

final class Gone extends \Exception
{
}

/** One connection and what was read from it beyond the last request. */
final class Connection
{
    public string $buffer = '';
    /** When the request had come, in ns, if its sender wants to know how long it took. */
    private ?int $start = null;

    /** @param resource $socket */
    public function __construct(public $socket)
    {
        stream_set_blocking($socket, true);
        stream_set_timeout($socket, 365 * 24 * 3600);
        stream_set_read_buffer($socket, 0);
        if (function_exists('socket_import_stream') && !str_starts_with((string) stream_socket_get_name($socket, false), '/')) {
            $raw = @socket_import_stream($socket);
            if ($raw) {
                @socket_set_option($raw, SOL_TCP, TCP_NODELAY, 1);
            }
        }
    }

    private function more(): void
    {
        $data = fread($this->socket, 1 << 18);
        if ($data === '' || $data === false) {
            throw new Gone();
        }
        $this->buffer .= $data;
    }

    private function take(int $length): string
    {
        while (strlen($this->buffer) < $length) {
            $this->more();
        }
        $taken = substr($this->buffer, 0, $length);
        $this->buffer = substr($this->buffer, $length);
        return $taken;
    }

    private function until(string $mark): string
    {
        while (($end = strpos($this->buffer, $mark)) === false) {
            if (strlen($this->buffer) > MAX_HEAD) {
                throw new Refusal('The request has too long a head.', 400);
            }
            $this->more();
        }
        $line = $this->take($end);
        $this->buffer = substr($this->buffer, strlen($mark));
        return $line;
    }

    private function chunks(): string
    {
        $body = '';
        for (;;) {
            $line = $this->until("\r\n");
            if (!preg_match('/^[0-9a-f]{1,8}/i', $line, $match)) {
                throw new Refusal('Bad request.', 400);
            }
            $length = hexdec($match[0]);
            if (strlen($body) + $length > MAX_BODY) {
                throw new Refusal('The request is larger than allowed.', 413);
            }
            if ($length === 0) {
                while ($this->until("\r\n") !== '') {
                }
                return $body;
            }
            $body .= $this->take($length);
            $this->until("\r\n");
        }
    }

    /** @return array{string, string, string, bool} method, path, body, whether to close afterwards */
    public function request(): array
    {
        $head = $this->until("\r\n\r\n") . "\r\n";
        if (!preg_match('/^(\S+) (\S+) HTTP\/1\.([01])\r\n/', $head, $first)) {
            throw new Refusal('Bad request.', 400);
        }
        $header = static fn(string $name): string => preg_match("/\\r\\n$name:[ \\t]*(.*?)[ \\t]*\\r\\n/i", $head, $m) ? strtolower($m[1]) : '';
        $wish = $header('Connection');
        $close = $first[3] === '0' ? !str_contains($wish, 'keep-alive') : str_contains($wish, 'close');
        $chunked = str_contains($header('Transfer-Encoding'), 'chunked');
        $length = $header('Content-Length') ?: '0';
        if (!$chunked && !ctype_digit($length)) {
            throw new Refusal('Bad request.', 400);
        }
        if (!$chunked && (int) $length > MAX_BODY) {
            throw new Refusal("The request is larger than allowed: $length > " . MAX_BODY . ' bytes.', 413);
        }
        if ($header('Expect') === '100-continue') {
            $this->send("HTTP/1.1 100 Continue\r\n\r\n");
        }
        $body = $chunked ? $this->chunks() : $this->take((int) $length);
        $this->start = $header('X-Miniwhisk-Took') === 'wanted' ? hrtime(true) : null;
        return [$first[1], $first[2], $body, $close];
    }

    public function reply(int $status, string $body, bool $close): void
    {
        $this->send(
            "HTTP/1.1 $status " . REASONS[$status] . "\r\nContent-Type: application/json\r\n"
            . ($close ? "Connection: close\r\n" : '')
            . ($this->start === null ? '' : sprintf("X-Miniwhisk-Took: %.3F\r\n", (hrtime(true) - $this->start) / 1e6))
            . 'Content-Length: ' . strlen($body) . "\r\n\r\n" . $body,
        );
    }

    private function send(string $data): void
    {
        for ($at = 0; $at < strlen($data); $at += $sent) {
            $sent = @fwrite($this->socket, $at === 0 ? $data : substr($data, $at));
            if (!$sent) {
                throw new Gone();
            }
        }
    }
}

/** HTTP/1.1 as the platform speaks it to an action container, over TCP or a unix socket. */
final class Wire
{
    /** @var resource */
    private $server;
    /** @var array<int, Connection> */
    private array $connections = [];

    public function __construct(string $listen, private bool $watchParent)
    {
        if (str_starts_with($listen, '/')) {
            @unlink($listen);
            $address = "unix://$listen";
        } else {
            $address = 'tcp://' . ($listen === '' ? '0.0.0.0:8080' : $listen);
        }
        $context = stream_context_create(['socket' => ['backlog' => 128, 'tcp_nodelay' => true]]);
        $server = @stream_socket_server($address, $code, $error, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN, $context);
        if ($server === false) {
            fwrite(STDERR, "The action proxy cannot listen: $error\n");
            exit(1);
        }
        $this->server = $server;
    }

    public function serve(): never
    {
        for (;;) {
            $read = [$this->server, ...array_map(static fn(Connection $one) => $one->socket, $this->connections)];
            if ($this->watchParent) {
                $read[] = STDIN;
            }
            $write = $except = null;
            if (@stream_select($read, $write, $except, null) === false) {
                continue;
            }
            foreach ($read as $socket) {
                if ($socket === STDIN) {
                    if (fread(STDIN, 4096) === '' && feof(STDIN)) {
                        exit(0);
                    }
                } elseif ($socket === $this->server) {
                    $accepted = @stream_socket_accept($this->server, 0);
                    if ($accepted) {
                        $this->connections[(int) $accepted] = new Connection($accepted);
                    }
                } else {
                    $this->converse($this->connections[(int) $socket]);
                }
            }
        }
    }

    private function converse(Connection $connection): void
    {
        try {
            do {
                [$method, $path, $body, $close] = $connection->request();
                Proxy::$answerAtEnd = static fn(int $status, string $text) => $connection->reply($status, $text, true);
                [$status, $text] = Proxy::answer($method, $path, $body);
                Proxy::$answerAtEnd = null;
                $connection->reply($status, $text, $close);
            } while (!$close && $connection->buffer !== '');
        } catch (Gone) {
            $close = true;
        } catch (Refusal $refusal) {
            $connection->reply($refusal->getCode(), error_body($refusal->getMessage()), true);
            $close = true;
        }
        Proxy::$answerAtEnd = null;
        if ($close) {
            unset($this->connections[(int) $connection->socket]);
            fclose($connection->socket);
        }
    }
}
