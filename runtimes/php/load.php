<?php
declare(strict_types=1);

namespace MiniwhiskProxy;

/** A sentence for the user. `beforeStart`: there is nothing that could be started. */
final class CannotLoad extends \Exception
{
    public function __construct(string $text, public readonly bool $beforeStart = true)
    {
        parent::__construct($text);
    }
}

/** The action's own folder under the temporary one. */
final class Folder
{
    public static ?string $path = null;
}

function make_folder(): string
{
    remove_folder();
    $path = sys_get_temp_dir() . '/action-' . bin2hex(random_bytes(6));
    mkdir($path, 0700);
    return Folder::$path = realpath($path);
}

function remove_folder(): void
{
    if (Folder::$path === null) {
        return;
    }
    [$path, Folder::$path] = [Folder::$path, null];
    @chdir(dirname($path));
    $inner = new \RecursiveIteratorIterator(
        new \RecursiveDirectoryIterator($path, \FilesystemIterator::SKIP_DOTS),
        \RecursiveIteratorIterator::CHILD_FIRST,
    );
    foreach ($inner as $file) {
        $file->isDir() && !$file->isLink() ? @rmdir($file->getPathname()) : @unlink($file->getPathname());
    }
    @rmdir($path);
}

/** Runs a file. The variables of its outermost level become global ones, as if it had been the program's own file. */
function load_file(): void
{
    require func_get_arg(0);
    foreach (array_keys(get_defined_vars()) as $name) {
        $GLOBALS[$name] = &$$name;
    }
}

/** Returns the entry point. Throws CannotLoad, or whatever the user's code threw. */
function load_action(string $code, string $entry, bool $binary): callable
{
    $folder = make_folder();
    if ($binary) {
        $data = base64_decode($code, true);
        if ($data === false) {
            throw new CannotLoad('cannot decode the request: illegal base64 data');
        }
        $kind = substr($data, 0, 2);
        if ($kind === 'PK' || $kind === "\x1f\x8b") {
            require_once __DIR__ . '/archive.php';
            (new Archive($folder))->unpack($data);
        } else {
            file_put_contents("$folder/index.php", $data);
        }
    } else {
        file_put_contents("$folder/index.php", $code);
    }
    chdir($folder);
    if (file_exists('exec') && !file_exists('index.php')) {
        rename('exec', 'index.php');
    }
    if (!file_exists('index.php')) {
        throw new CannotLoad('Zipped actions must contain index.php at the root.');
    }
    set_include_path($folder . PATH_SEPARATOR . get_include_path());
    if (file_exists('vendor/autoload.php')) {
        load_file("$folder/vendor/autoload.php");
    }
    load_file("$folder/index.php");
    if (!is_callable($entry)) {
        throw new CannotLoad("Action entrypoint '$entry' is not a function.", false);
    }
    return $entry;
}
