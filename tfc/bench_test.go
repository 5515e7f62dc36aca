package tfc
import ("testing";"os";"ndflow/npy";"ndflow/internal/interleave")
func tmpplan(tb testing.TB) *Plan {
	g,err:=NewGraph(); if err!=nil {tb.Fatal(err)}
	b,_:=os.ReadFile("/tmp/add.pb")
	if err:=g.Import(b,"");err!=nil{tb.Fatal(err)}
	s,err:=NewSession(g,SessionOptions{}); if err!=nil {tb.Fatal(err)}
	out:=func(n string)Output{o,ok:=g.Operation(n); if !ok {tb.Fatal(n)}; r,err:=o.Output(0); if err!=nil{tb.Fatal(err)}; return r}
	p,err:=s.NewPlan([]Output{out("x"),out("y")},[]Output{out("z")},nil); if err!=nil{tb.Fatal(err)}
	x,_:=npy.New(npy.Float32,1); y,_:=npy.New(npy.Float32,1); z,_:=npy.New(npy.Float32,1)
	for i,a:=range []*npy.Array{x,y} { if err:=p.Feed(i,a);err!=nil{tb.Fatal(err)}}
	if err:=p.Into(0,z);err!=nil{tb.Fatal(err)}
	if err:=p.Run(Step{}); err!=nil{tb.Fatal(err)}
	return p
}
func BenchmarkStep(b *testing.B){
 p:=tmpplan(b)
 peer:=func(name string,in bool)interleave.Peer{ return interleave.Peer{Name:name,Run:func(n int){ for range n { if err:=p.Run(Step{Inline:in});err!=nil{b.Fatal(err)}}}}}
 floor:=func(name string,in bool)interleave.Peer{ return interleave.Peer{Name:name,Run:func(n int){  if err:=p.Floor(n,Step{Inline:in});err!=nil{b.Fatal(err)}}}}
 b.Run("inline",func(b *testing.B){ interleave.Benchmark(b,floor("c",true),peer("go",true),floor("c2",true)) })
 b.Run("pool",func(b *testing.B){ interleave.Benchmark(b,floor("c",false),peer("go",false)) })
 b.Run("cross",func(b *testing.B){ interleave.Benchmark(b,peer("goinline",true),floor("cpool",false)) })
}
