# One action for most cases: what it does is told by its argument.
$at_load = ENV['LOAD_VAR']
$count = 0

def operation(args)
  case args['op']
  when 'echo' then { 'value' => args['value'] }
  when 'log'
    puts args['out'] if args['out']
    warn args['err'] if args['err']
    {}
  when 'raw'
    print args['out']
    $stderr.print args['out']
    {}
  when 'lines'
    args['count'].times { |i| puts "line #{i}" }
    {}
  when 'env' then { 'env' => args['names'].to_h { |name| [name, ENV[name]] }, 'atLoad' => $at_load }
  when 'own' then { 'names' => ENV.keys.select { |name| name.start_with?('MINIWHISK') } }
  when 'fail' then raise args['text']
  when 'apperror' then { 'error' => args['text'] }
  when 'number' then 5
  when 'null' then nil
  when 'list' then [1, 'two', { 'three' => 3 }]
  when 'nothing' then {}
  when 'big' then { 'text' => 'x' * args['size'] }
  when 'count' then { 'count' => $count += 1 }
  when 'exit' then exit(3)
  when 'loop' then loop {}
  end
end

def main(args)
  args.is_a?(Array) ? args.reverse : operation(args)
end

def niam(_args)
  { 'entry' => 'niam' }
end
