# The ActionLoop around the user's function: a line of JSON on standard input, a line of JSON on descriptor 3.
use strict;
use warnings;
use JSON::PP;

my ($file, $entry) = @ARGV;
open(my $answers, '>&=', 3) or die "descriptor 3: $!";
$_->autoflush(1) for $answers, \*STDOUT, \*STDERR;
my $json = JSON::PP->new->utf8->canonical->allow_nonref;

my $loaded = do($file);
die $@ if $@;
die "cannot read $file: $!" unless defined $loaded || !$!;
my $function = main->can($entry) or die "There is no function '$entry'.\n";
print $answers qq({"ok":true}\n);

while (my $line = <STDIN>) {
    my $request = $json->decode($line);
    my $value = delete $request->{value};
    for my $name (keys %$request) {
        my $content = $request->{$name};
        $ENV{ '__OW_' . uc $name } = ref $content ? $json->encode($content) : $content // '';
    }
    my $result = eval { $function->($value // {}) };
    if ($@) {
        print STDERR $@;
        $result = { error => "$@" };
    }
    $result = { error => 'The action did not return a hash or an array.' } unless ref $result;
    print $answers $json->encode($result), "\n";
}
