<?php
// One action for most cases: what it does is told by its argument.
$GLOBALS['at_load'] = getenv('LOAD_VAR') === false ? null : getenv('LOAD_VAR');
$GLOBALS['count'] = 0;

function operation(array $args)
{
    switch ($args['op']) {
        case 'echo':
            return ['value' => $args['value'] ?? null];
        case 'log':
            if (isset($args['out'])) {
                echo $args['out'], "\n";
            }
            if (isset($args['err'])) {
                fwrite(STDERR, $args['err'] . "\n");
            }
            return [];
        case 'raw':
            echo $args['out'];
            fwrite(STDERR, $args['out']);
            return [];
        case 'lines':
            for ($i = 0; $i < $args['count']; $i++) {
                echo "line $i\n";
            }
            return [];
        case 'env':
            $env = [];
            foreach ($args['names'] as $name) {
                $env[$name] = getenv($name) === false ? null : getenv($name);
            }
            return ['env' => $env, 'atLoad' => $GLOBALS['at_load']];
        case 'own':
            return ['names' => array_values(array_filter(array_keys(getenv()), fn($name) => str_starts_with($name, 'MINIWHISK')))];
        case 'fail':
            throw new Exception($args['text']);
        case 'apperror':
            return ['error' => $args['text']];
        case 'number':
            return 5;
        case 'null':
            return null;
        case 'list':
            return [1, 'two', ['three' => 3]];
        case 'nothing':
            return;
        case 'big':
            return ['text' => str_repeat('x', $args['size'])];
        case 'count':
            return ['count' => ++$GLOBALS['count']];
        case 'exit':
            exit(3);
        case 'loop':
            while (true) {
            }
    }
}

function main(array $args)
{
    return array_is_list($args) && $args !== [] ? array_reverse($args) : operation($args);
}

function niam(array $args): array
{
    return ['entry' => 'niam'];
}
