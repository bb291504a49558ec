"""Test items: standards are real; minutes, fees and sample texts are plausible inventions.

Fees are ranges in yuan. `hours` is the client's choice (min, max, step).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from labshare.kernel.time import ExactMinutes

Bilingual = tuple[str, str]
"""Chinese, English."""


@dataclass(frozen=True)
class Type:
    """A kind of test; labs offer it in the forms of `variants`."""

    key: str
    category: str
    name: Bilingual
    standards: tuple[str, ...]
    kinds: tuple[str, ...]
    """Instrument kinds that can do it."""
    fee: tuple[int, int]
    basis: str = "sample"
    setup: int = 10
    sample: str = "0"
    run: int = 0
    cleanup: int = 5
    per_run: int = 1
    hours: tuple[int, int, int] | None = None
    most: int = 20
    attended: bool = True
    runs_start_in_hours: bool = False
    turnaround: int = 5
    requirement: Bilingual = ("", "")
    variants: tuple[Bilingual, ...] = ()
    statutory: tuple[Bilingual, ...] = ()
    """Variants that the law demands: not rewarded."""

    @property
    def sample_minutes(self) -> ExactMinutes:
        return Decimal(self.sample)


BEARING = (
    ("轴承套圈", "bearing rings"), ("滚子", "rollers"), ("钢球", "steel balls"), ("保持架", "cages"),
)  # fmt: skip
METAL = (
    ("轴承钢棒材", "bearing steel bars"), ("紧固件", "fasteners"), ("弹簧钢丝", "spring wire"),
    ("铝合金铸件", "aluminium castings"), ("冲压件", "stampings"), ("铜管", "copper tube"), ("锻件", "forgings"),
    ("不锈钢板", "stainless sheet"),
)  # fmt: skip
WHEELS = (("轻合金车轮", "light alloy wheels"), ("钢制车轮", "steel wheels"))
COATED = (
    ("镀锌紧固件", "zinc-plated fasteners"), ("阳极氧化铝件", "anodised aluminium parts"),
    ("电泳涂层件", "e-coated parts"), ("达克罗涂层件", "zinc-flake coated parts"), ("铜合金阀件", "brass valve parts"),
)  # fmt: skip
ELECTRIC = (
    ("汽车电子控制器", "vehicle control units"), ("电子膨胀阀线圈", "expansion valve coils"), ("传感器", "sensors"),
    ("电机", "motors"), ("线束连接器", "harness connectors"),
)  # fmt: skip
PHARMA = (("原料药", "drug substances"), ("制剂", "drug products"), ("中间体", "intermediates"))
FEED = (("预混料", "premix"), ("配合饲料", "compound feed"))

TYPES = (
    Type("tensile", "mechanics", ("拉伸试验", "Tensile test"), ("GB/T 228.1-2021",), ("utm",), (60, 200),
         sample="10", most=30, variants=METAL, statutory=(("特种设备用钢", "steel for special equipment"),),
         requirement=("每组 3 根，机加工试棒", "Three machined bars a group")),
    Type("rockwell", "mechanics", ("洛氏硬度", "Rockwell hardness"), ("GB/T 230.1-2018",), ("hardness",), (20, 60),
         setup=5, sample="10", most=40, variants=BEARING + METAL, turnaround=3,
         requirement=("1 件，表面平整无氧化皮", "One part, flat and free of scale")),
    Type("vickers", "mechanics", ("维氏硬度", "Vickers hardness"), ("GB/T 4340.1",), ("microhardness",), (60, 200),
         setup=15, sample="45", most=8, variants=BEARING + METAL, requirement=("已镶嵌抛光试样", "Mounted and polished")),
    Type("fatigue", "mechanics", ("轴向疲劳", "Axial fatigue"), ("GB/T 3075-2021",), ("fatigue",), (800, 2000),
         "sample", setup=60, hours=(8, 48, 8), most=3, attended=False, turnaround=10, cleanup=30,
         variants=METAL[:4], requirement=("每级应力 3 根", "Three bars a stress level")),
    Type("inclusions", "metallography", ("非金属夹杂物", "Non-metallic inclusions"), ("GB/T 10561-2023",),
         ("microscope",), (200, 500), setup=30, sample="35", most=6, cleanup=10,
         variants=(("轴承钢", "bearing steel"), ("弹簧钢", "spring steel"), ("齿轮钢", "gear steel")),
         requirement=("6 个试样，纵向抛光面", "Six mounts, longitudinal faces")),
    Type("grain", "metallography", ("晶粒度", "Grain size"), ("GB/T 6394",), ("microscope",), (120, 300),
         setup=20, sample="50", most=6, variants=METAL[:5], requirement=("横截面试样", "Cross-section mount")),
    Type("structure", "metallography", ("显微组织", "Microstructure"), ("GB/T 13298",), ("microscope",), (100, 300),
         setup=20, sample="50", most=6, variants=METAL, requirement=("抛光试样，可代为腐蚀", "Polished; we can etch")),
    Type("heat", "metallography", ("轴承零件热处理", "Heat treatment of bearing parts"), ("GB/T 34891-2017",),
         ("microscope",), (200, 500), setup=30, sample="70", most=6, variants=BEARING[:3],
         requirement=("每批 3 个套圈", "Three rings a batch")),
    Type("fracture", "metallography", ("断口扫描电镜分析", "SEM fractography"), ("JY/T 0584-2020",), ("sem",), (400, 900),
         setup=30, sample="40", most=5, variants=METAL[:5] + BEARING[:2],
         requirement=("断口保持干燥，勿触摸", "Keep the fracture dry and untouched")),
    Type("xrd_phase", "metallography", ("X 射线物相分析", "X-ray phase analysis"), ("JY/T 0587-2020",), ("xrd",), (200, 450),
         setup=15, sample="30", most=10, variants=(("粉末", "powders"), ("涂层", "coatings")),
         requirement=("粉末 2 g 或平整块样", "2 g of powder or a flat piece")),
    Type("austenite", "metallography", ("残余奥氏体", "Retained austenite"), ("GB/T 8362-2018",), ("xrd",), (120, 300),
         setup=15, sample="25", most=12, variants=BEARING[:3], requirement=("电解抛光面", "Electropolished face")),
    Type("steel_oes", "composition", ("钢光谱成分", "Steel composition, spark OES"), ("GB/T 4336",), ("oes",), (80, 300),
         sample="15", most=20, variants=(("轴承钢", "bearing steel"), ("不锈钢", "stainless steel"),
                                         ("合金结构钢", "alloy steel"), ("铸铁", "cast iron")), turnaround=3,
         requirement=("圆片，直径不小于 20 mm", "Disc, at least 20 mm across")),
    Type("cs", "composition", ("碳硫", "Carbon and sulphur"), ("GB/T 20123-2006",), ("cs",), (80, 200), sample="20",
         most=12, variants=(("钢", "steel"), ("铸铁", "cast iron"), ("合金粉末", "alloy powder")), turnaround=3,
         requirement=("切屑 5 g", "5 g of chips")),
    Type("oxygen", "composition", ("氧含量", "Oxygen"), ("GB/T 11261",), ("onh",), (150, 300), sample="20", most=12,
         variants=(("轴承钢", "bearing steel"), ("弹簧钢", "spring steel")), requirement=("直径 5 mm 棒样", "5 mm pin")),
    Type("al_oes", "composition", ("铝光谱成分", "Aluminium composition"), ("GB/T 7999-2015",), ("oes",), (100, 300),
         sample="15", most=20, variants=(("铸造铝合金", "cast alloys"), ("变形铝合金", "wrought alloys")), turnaround=3,
         requirement=("圆片，车光", "Turned disc")),
    Type("icp", "composition", ("金属元素 ICP 分析", "Elements by ICP-OES"), ("JY/T 0567-2020",), ("icp_oes",), (80, 200),
         setup=40, sample="20", most=20, variants=(("铜合金", "copper alloys"), ("镀液", "plating baths"),
                                                   ("废水", "waste water")), requirement=("5 g 或 50 mL", "5 g or 50 mL"),
         statutory=(("饮用水", "drinking water"),)),
    Type("life", "bearings", ("轴承寿命与可靠性", "Bearing life and reliability"), ("GB/T 24607-2023",), ("life_rig",),
         (8000, 40000), "run", setup=120, hours=(200, 1000, 100), per_run=20, most=20, attended=False, cleanup=120,
         turnaround=15, variants=(("深沟球轴承", "deep groove ball"), ("圆锥滚子轴承", "tapered roller"),
                                  ("轮毂轴承", "wheel hub")), requirement=("每组 8–20 套", "8–20 sets a group")),
    Type("vibration", "bearings", ("轴承振动（速度）", "Bearing vibration (velocity)"), ("GB/T 24610.2",), ("vibrometer",),
         (20, 60), setup=15, sample="10", most=30, variants=(("深沟球轴承", "deep groove ball"),
                                                             ("角接触球轴承", "angular contact"), ("电机轴承", "motor bearings")),
         turnaround=3, requirement=("每批 10 套，清洗后送样", "Ten cleaned sets a batch")),
    Type("accuracy", "bearings", ("轴承尺寸及旋转精度", "Bearing dimensions and running accuracy"), ("GB/T 307.2-2005",),
         ("comparator",), (80, 200), setup=20, sample="20", most=15,
         variants=(("深沟球轴承", "deep groove ball"), ("圆柱滚子轴承", "cylindrical roller"), ("推力轴承", "thrust")),
         requirement=("每批 5 套", "Five sets a batch")),
    Type("clearance", "bearings", ("径向游隙", "Radial clearance"), ("GB/T 25769-2010",), ("clearance",), (30, 80),
         sample="10", most=20, variants=(("深沟球轴承", "deep groove ball"), ("圆柱滚子轴承", "cylindrical roller")),
         turnaround=3, requirement=("每批 5 套", "Five sets a batch")),
    Type("magnetism", "bearings", ("残磁", "Residual magnetism"), ("JB/T 6641-2007",), ("gauss",), (20, 50), setup=5,
         sample="5", most=30, variants=(("滚动轴承", "rolling bearings"), ("套圈", "rings")), turnaround=2,
         requirement=("每批 5 套", "Five sets a batch")),
    Type("roughness", "dimensions", ("表面粗糙度", "Roughness"), ("JB/T 7051-2006", "GB/T 10610-2009"), ("profilometer",),
         (50, 150), sample="20", most=15, variants=(("滚道", "raceways"), ("轴颈", "journals"), ("密封面", "sealing faces")),
         turnaround=3, requirement=("1 个套圈，防锈", "One ring, rust-proofed")),
    Type("roundness", "dimensions", ("圆度与波纹度", "Roundness and waviness"), ("GB/T 7235-2004",), ("roundness",), (80, 220),
         setup=15, sample="20", most=12, variants=(("轴承套圈", "bearing rings"), ("滚子", "rollers"), ("阀芯", "valve cores")),
         requirement=("恒温 4 h 后测量", "Measured after 4 h at 20 °C")),
    Type("cmm", "dimensions", ("几何公差", "Geometrical tolerances"), ("GB/T 1958-2017",), ("cmm",), (200, 400), "hour",
         setup=30, sample="45", most=6, cleanup=15,
         variants=(("壳体", "housings"), ("车轮", "wheels"), ("冲压件", "stampings"), ("齿轮", "gears"), ("模具", "moulds")),
         requirement=("附图纸和基准说明", "With drawing and datums")),
    Type("balance", "textile_machinery", ("转子平衡", "Rotor balance"), ("ISO 21940-11:2016",), ("balancer",), (200, 600),
         setup=20, sample="40", most=8, variants=(("电机转子", "motor rotors"), ("风机叶轮", "fan wheels"),
                                                  ("纺机锭子", "spindles")), requirement=("附转速与等级", "State speed and grade")),
    Type("noise", "textile_machinery", ("纺部机械噪声", "Noise of spinning machinery"), ("GB/T 7111.2-2002",), ("sound",),
         (2000, 5000), "test", setup=90, run=330, most=1, turnaround=7, cleanup=30,
         variants=(("加弹机", "texturing machines"), ("细纱机", "ring frames"), ("倍捻机", "two-for-one twisters")),
         requirement=("整机，现场布置", "Whole machine, set up in our hall")),
    Type("bending", "wheels", ("车轮弯曲疲劳", "Wheel bending fatigue"), ("GB/T 5334-2021",), ("bending_rig",), (1500, 4000),
         setup=45, hours=(24, 72, 24), most=2, attended=False, cleanup=30, turnaround=7, variants=WHEELS,
         requirement=("2 件", "Two wheels")),
    Type("radial", "wheels", ("车轮径向疲劳", "Wheel radial fatigue"), ("GB/T 5334-2021",), ("drum_rig",), (2500, 6000),
         setup=60, hours=(48, 120, 24), most=2, attended=False, cleanup=45, turnaround=7, variants=WHEELS,
         requirement=("2 件，含轮胎", "Two wheels with tyres")),
    Type("impact13", "wheels", ("13° 冲击", "13° impact"), ("GB/T 15704-2025",), ("drop_rig",), (600, 1500), setup=30,
         sample="45", most=4, variants=WHEELS[:1], requirement=("2 件，含轮胎", "Two wheels with tyres")),
    Type("impact90", "wheels", ("90° 冲击", "90° impact"), ("QC/T 991-2015",), ("drop_rig",), (600, 1500), setup=30,
         sample="45", most=4, variants=WHEELS[:1], requirement=("2 件，含轮胎", "Two wheels with tyres")),
    Type("biaxial", "wheels", ("双轴疲劳", "Biaxial fatigue"), ("QC/T 1112-2019",), ("biaxial_rig",), (15000, 40000),
         setup=120, hours=(72, 168, 24), most=1, attended=False, cleanup=120, turnaround=15, variants=WHEELS,
         requirement=("1 件，含轮毂与轮胎", "One wheel with hub and tyre")),
    Type("runout", "wheels", ("车轮跳动", "Wheel run-out"), ("QC/T 717-2015",), ("runout",), (80, 200), sample="20", most=12,
         variants=WHEELS, turnaround=3, requirement=("1 件", "One wheel")),
    Type("salt_spray", "environment", ("盐雾试验 NSS", "Salt spray, NSS"), ("GB/T 10125-2021",), ("salt",), (5, 15), "hour",
         setup=30, hours=(24, 1000, 8), per_run=12, most=12, attended=False, cleanup=20, variants=COATED,
         requirement=("3 件，表面清洁", "Three clean pieces")),
    Type("cass", "environment", ("盐雾试验 CASS", "Salt spray, CASS"), ("GB/T 10125-2021",), ("salt",), (7, 15), "hour",
         setup=30, hours=(24, 240, 8), per_run=12, most=12, attended=False, cleanup=30, variants=COATED[1:3],
         requirement=("3 件，表面清洁", "Three clean pieces")),
    Type("mist", "environment", ("盐雾 Ka", "Salt mist Ka"), ("GB/T 2423.17-2024",), ("salt",), (5, 15), "hour", setup=20,
         hours=(16, 96, 8), per_run=12, most=12, attended=False, cleanup=20, variants=ELECTRIC,
         requirement=("3 件", "Three pieces")),
    Type("shock", "environment", ("温度变化", "Change of temperature"), ("GB/T 2423.22-2012",), ("shock",), (60, 150), "hour",
         setup=30, hours=(24, 240, 24), per_run=12, most=12, attended=False, cleanup=30, turnaround=7, variants=ELECTRIC,
         requirement=("3 件", "Three pieces")),
    Type("climate", "environment", ("气候负荷", "Climatic loads"), ("GB/T 28046.4-2011",), ("climate",), (40, 100), "hour",
         setup=30, hours=(48, 480, 48), per_run=12, most=12, attended=False, cleanup=30, turnaround=7, variants=ELECTRIC[:3],
         requirement=("3 件，附线束", "Three pieces with harness")),
    Type("shaker", "electrical", ("机械负荷（振动）", "Mechanical loads (vibration)"), ("GB/T 28046.3-2011",), ("shaker",),
         (300, 600), "hour", setup=60, hours=(8, 24, 8), per_run=3, most=6, attended=False, cleanup=30, turnaround=7,
         variants=ELECTRIC[:4], requirement=("3 件，附夹具图", "Three pieces, with a fixture drawing")),
    Type("electrical", "electrical", ("电气负荷", "Electrical loads"), ("GB/T 28046.2-2019",), ("supply",), (2000, 6000),
         "run", setup=60, run=360, per_run=3, most=3, cleanup=30, turnaround=7, variants=ELECTRIC[:4],
         requirement=("3 件，附接线定义", "Three pieces with pin-out"),
         statutory=(("强制性认证产品", "products under compulsory certification"),)),
    Type("valve", "refrigeration", ("电子膨胀阀流量与泄漏", "Electronic expansion valve, flow and leakage"),
         ("JB/T 10212-2011",), ("valve_bench",), (500, 1500), "run", setup=45, run=180, per_run=3, most=6, cleanup=15,
         variants=(("空调用", "air conditioning"), ("车载热泵用", "vehicle heat pumps"), ("冷链用", "cold chain")),
         requirement=("3 件", "Three valves")),
    Type("four_way", "refrigeration", ("四通换向阀", "Four-way valve"), ("GB/T 25126-2010",), ("refrigerant_bench",),
         (1000, 3000), "run", setup=60, run=390, per_run=3, most=3, cleanup=15, turnaround=7,
         variants=(("家用空调", "room air conditioners"), ("商用热泵", "commercial heat pumps")),
         requirement=("3 件", "Three valves")),
    Type("helium", "refrigeration", ("氦检漏", "Helium leak test"), ("GB/T 15823-2009",), ("helium",), (80, 300),
         sample="20", most=15, turnaround=3,
         variants=(("阀体", "valve bodies"), ("换热器", "heat exchangers"), ("储液器", "accumulators")),
         requirement=("接口封堵件自备", "Bring your own plugs"),
         statutory=(("承压部件", "pressure parts"),)),
    Type("cleanliness", "cleanliness", ("零部件清洁度", "Cleanliness of parts"), ("ISO 16232:2018",), ("wash",), (500, 1500),
         "run", setup=45, run=180, per_run=3, most=6, cleanup=30,
         variants=(("壳体", "housings"), ("阀芯", "valve cores"), ("轴承", "bearings"), ("油管", "oil pipes")),
         requirement=("3 件，密封包装", "Three pieces, sealed")),
    Type("feed_e", "pharma", ("饲料中维生素 E", "Vitamin E in feed"), ("GB/T 17812-2025",), ("hplc",), (200, 500), setup=60,
         sample="45", most=8, variants=FEED, requirement=("50 g，避光", "50 g, kept dark"),
         statutory=(("监督抽检", "official sampling"),)),
    Type("additive_e", "pharma", ("饲料添加剂维生素 E", "Vitamin E additive"), ("GB 9454-2017",), ("gc",), (300, 800), setup=60,
         sample="45", most=8, variants=(("粉", "powder"), ("油", "oil")), requirement=("20 g", "20 g")),
    Type("solvents", "pharma", ("残留溶剂", "Residual solvents"), ("ChP 0861",), ("gc",), (400, 1000), setup=60,
         sample="40", most=8, variants=PHARMA, requirement=("5 g，密封", "5 g, sealed")),
    Type("elements", "pharma", ("元素杂质", "Elemental impurities"), ("ChP 0412", "ICH Q3D"), ("icp_ms",),
         (80, 150), setup=120, sample="60", most=5, variants=PHARMA, turnaround=7, requirement=("5 g", "5 g")),
    Type("assay", "pharma", ("有关物质与含量", "Related substances and assay"), ("ChP 0512",), ("hplc", "uplc"),
         (200, 600), setup=60, sample="50", most=6, variants=PHARMA, requirement=("附对照品", "With reference substance")),
    Type("dissolution", "pharma", ("溶出度", "Dissolution"), ("ChP 0931",), ("dissolution",), (300, 800), "run",
         setup=60, run=120, per_run=6, most=12, variants=(("片剂", "tablets"), ("胶囊", "capsules")),
         requirement=("每批 6 片（粒）", "Six units a batch")),
    Type("water", "pharma", ("水分（卡尔·费休法）", "Water (Karl Fischer)"), ("GB/T 6283-2008",), ("kf",), (60, 150), sample="15",
         most=12, variants=(("原料", "raw materials"), ("溶剂", "solvents")), turnaround=3,
         requirement=("5 g，密封", "5 g, sealed")),
    Type("mass", "pharma", ("质谱定性分析", "Identification by mass spectrometry"), ("GB/T 6041-2020",), ("gcms", "lcms"),
         (300, 900), setup=45, sample="40", most=6, variants=(("杂质", "impurities"), ("增塑剂", "plasticisers")),
         requirement=("1 g", "1 g")),
    Type("nmr", "pharma", ("核磁共振氢谱", "1H NMR"), ("JY/T 0578-2020",), ("nmr",), (150, 300), sample="30", most=8,
         variants=(("有机中间体", "organic intermediates"), ("高分子", "polymers")), requirement=("10 mg", "10 mg")),
    Type("infrared", "composition", ("红外光谱定性", "Infrared identification"), ("GB/T 6040-2019",), ("ftir",), (100, 250),
         sample="20", most=10, variants=(("密封橡胶", "sealing rubber"), ("塑料粒子", "plastic pellets"), ("油品", "oils")),
         turnaround=3, requirement=("1 g", "1 g")),
    Type("dsc", "composition", ("熔融与结晶温度 DSC", "Melting and crystallisation, DSC"), ("GB/T 19466.3-2004",), ("dsc",),
         (150, 350), sample="50", most=6, variants=(("塑料粒子", "plastic pellets"), ("保持架尼龙", "cage polyamide")),
         requirement=("5 g", "5 g")),
    Type("particle", "composition", ("激光粒度", "Particle size, laser"), ("GB/T 19077-2016",), ("laser",), (100, 250),
         sample="20", most=12, variants=(("金属粉末", "metal powder"), ("维生素微粒", "vitamin beadlets")),
         turnaround=3, requirement=("10 g", "10 g")),
)  # fmt: skip


@dataclass(frozen=True)
class Norm:
    number: str
    name: Bilingual
    replaced_by: str | None = None
    replaced_from: date | None = None


NORMS = (
    Norm("GB/T 228.1-2021", ("金属材料 拉伸试验 第1部分：室温试验方法", "Metallic materials: tensile testing at room temperature")),
    Norm("GB/T 228.1-2010", ("金属材料 拉伸试验 第1部分：室温试验方法", "Metallic materials: tensile testing at room temperature"),
         "GB/T 228.1-2021", date(2022, 7, 1)),
    Norm("GB/T 230.1-2018", ("金属材料 洛氏硬度试验 第1部分：试验方法", "Metallic materials: Rockwell hardness test")),
    Norm("GB/T 4340.1", ("金属材料 维氏硬度试验 第1部分：试验方法", "Metallic materials: Vickers hardness test")),
    Norm("GB/T 3075-2021", ("金属材料 疲劳试验 轴向力控制方法", "Metallic materials: axial force-controlled fatigue")),
    Norm("GB/T 10561-2023", ("钢中非金属夹杂物含量的测定", "Steel: determination of non-metallic inclusions")),
    Norm("GB/T 10561-2005", ("钢中非金属夹杂物含量的测定", "Steel: determination of non-metallic inclusions"),
         "GB/T 10561-2023", date(2024, 3, 1)),
    Norm("GB/T 6394", ("金属平均晶粒度测定方法", "Metal: determination of average grain size")),
    Norm("GB/T 13298", ("金属显微组织检验方法", "Metal: inspection of microstructure")),
    Norm("GB/T 34891-2017", ("滚动轴承 高碳铬轴承钢零件热处理技术条件", "Rolling bearings: heat treatment of chromium steel parts")),
    Norm("JY/T 0584-2020", ("扫描电子显微镜分析方法通则", "General rules for scanning electron microscopy")),
    Norm("JY/T 0587-2020", ("多晶体X射线衍射方法通则", "General rules for X-ray polycrystalline diffraction")),
    Norm("GB/T 8362-2018", ("钢中残余奥氏体定量测定 X射线衍射仪法", "Steel: retained austenite by X-ray diffractometer")),
    Norm("GB/T 4336", ("碳素钢和中低合金钢 多元素含量的测定 火花放电原子发射光谱法", "Steel: multi-element content by spark OES")),
    Norm("GB/T 20123-2006", ("钢铁 总碳硫含量的测定 高频感应炉燃烧后红外吸收法", "Steel and iron: total carbon and sulphur")),
    Norm("GB/T 11261", ("钢铁 氧含量的测定 脉冲加热惰气熔融-红外线吸收法", "Steel and iron: oxygen content")),
    Norm("GB/T 7999-2026", ("铝及铝合金光电直读发射光谱分析方法", "Aluminium and alloys: spark OES")),
    Norm("GB/T 7999-2015", ("铝及铝合金光电直读发射光谱分析方法", "Aluminium and alloys: spark OES"),
         "GB/T 7999-2026", date(2027, 2, 1)),
    Norm("JY/T 0567-2020", ("电感耦合等离子体发射光谱分析方法通则", "General rules for ICP-OES")),
    Norm("GB/T 24607-2023", ("滚动轴承 寿命与可靠性试验及评定", "Rolling bearings: life and reliability tests")),
    Norm("GB/T 24607-2009", ("滚动轴承 寿命与可靠性试验及评定", "Rolling bearings: life and reliability tests"),
         "GB/T 24607-2023", date(2023, 12, 1)),
    Norm("GB/T 24610.2", ("滚动轴承 振动测量方法 第2部分", "Rolling bearings: measuring vibration, part 2")),
    Norm("GB/T 307.2-2005", ("滚动轴承 测量和检验的原则及方法", "Rolling bearings: measuring and gauging")),
    Norm("GB/T 25769-2010", ("滚动轴承 径向游隙的测量方法", "Rolling bearings: measuring radial clearance")),
    Norm("JB/T 6641-2007", ("滚动轴承 残磁及其评定方法", "Rolling bearings: residual magnetism")),
    Norm("JB/T 7051-2006", ("滚动轴承零件 表面粗糙度测量和评定方法", "Rolling bearing parts: surface roughness")),
    Norm("GB/T 10610-2009", ("表面结构 轮廓法 评定表面结构的规则和方法", "Surface texture: rules for assessment")),
    Norm("GB/T 7235-2004", ("评定圆度误差的方法 半径变化量测量", "Assessment of departures from roundness")),
    Norm("GB/T 1958-2017", ("几何公差 检测与验证", "Geometrical tolerancing: verification")),
    Norm("ISO 21940-11:2016", ("机械振动 转子平衡 第11部分", "Mechanical vibration: rotor balancing, part 11")),
    Norm("GB/T 7111.2-2002", ("纺织机械噪声测试规范 第2部分：纺前准备和纺部机械", "Textile machinery: noise test code, part 2")),
    Norm("GB/T 5334-2021", ("乘用车 车轮 弯曲和径向疲劳性能要求及试验方法", "Passenger car wheels: bending and radial fatigue")),
    Norm("GB/T 5334-2005", ("乘用车车轮性能要求和试验方法", "Passenger car wheels: performance and tests"),
         "GB/T 5334-2021", date(2022, 5, 1)),
    Norm("GB/T 15704-2025", ("道路车辆 轻合金车轮 冲击试验方法", "Road vehicles: light alloy wheels, impact test")),
    Norm("GB/T 15704-2012", ("道路车辆 轻合金车轮 冲击试验方法", "Road vehicles: light alloy wheels, impact test"),
         "GB/T 15704-2025", date(2025, 10, 1)),
    Norm("QC/T 991-2015", ("乘用车轻合金车轮90°冲击试验方法", "Passenger car light alloy wheels: 90° impact")),
    Norm("QC/T 1112-2019", ("车轮双轴疲劳试验方法", "Wheels: biaxial fatigue test")),
    Norm("QC/T 717-2015", ("汽车车轮跳动要求和检测方法", "Vehicle wheels: run-out")),
    Norm("GB/T 10125-2021", ("人造气氛腐蚀试验 盐雾试验", "Corrosion tests in artificial atmospheres: salt spray")),
    Norm("GB/T 10125-2012", ("人造气氛腐蚀试验 盐雾试验", "Corrosion tests in artificial atmospheres: salt spray"),
         "GB/T 10125-2021", date(2022, 3, 1)),
    Norm("GB/T 2423.17-2024", ("环境试验 第2部分：试验Ka：盐雾", "Environmental testing: test Ka, salt mist")),
    Norm("GB/T 2423.17-2008", ("电工电子产品环境试验 试验Ka：盐雾", "Environmental testing: test Ka, salt mist"),
         "GB/T 2423.17-2024", date(2024, 10, 1)),
    Norm("GB/T 2423.22-2012", ("环境试验 第2部分：试验N：温度变化", "Environmental testing: test N, change of temperature")),
    Norm("GB/T 28046.2-2019", ("道路车辆 电气及电子设备的环境条件和试验 第2部分：电气负荷", "Road vehicles: electrical loads")),
    Norm("GB/T 28046.3-2011", ("道路车辆 电气及电子设备的环境条件和试验 第3部分：机械负荷", "Road vehicles: mechanical loads")),
    Norm("GB/T 28046.4-2011", ("道路车辆 电气及电子设备的环境条件和试验 第4部分：气候负荷", "Road vehicles: climatic loads")),
    Norm("JB/T 10212-2011", ("制冷空调用电子膨胀阀", "Electronic expansion valves for refrigeration")),
    Norm("GB/T 25126-2010", ("热泵用四通换向阀", "Four-way reversing valves for heat pumps")),
    Norm("GB/T 15823-2009", ("无损检测 氦泄漏检测方法", "Non-destructive testing: helium leak")),
    Norm("ISO 16232:2018", ("道路车辆 零部件和系统的清洁度", "Road vehicles: cleanliness of components")),
    Norm("GB/T 17812-2025", ("饲料中维生素E的测定 高效液相色谱法", "Feed: vitamin E by HPLC")),
    Norm("GB/T 17812-2008", ("饲料中维生素E的测定 高效液相色谱法", "Feed: vitamin E by HPLC"),
         "GB/T 17812-2025", date(2025, 12, 1)),
    Norm("GB 9454-2017", ("饲料添加剂 DL-α-生育酚乙酸酯", "Feed additive: DL-α-tocopherol acetate")),
    Norm("ChP 0861", ("中国药典通则 残留溶剂测定法", "Chinese Pharmacopoeia 0861: residual solvents")),
    Norm("ChP 0412", ("中国药典通则 电感耦合等离子体质谱法", "Chinese Pharmacopoeia 0412: ICP-MS")),
    Norm("ChP 0512", ("中国药典通则 高效液相色谱法", "Chinese Pharmacopoeia 0512: HPLC")),
    Norm("ChP 0931", ("中国药典通则 溶出度与释放度测定法", "Chinese Pharmacopoeia 0931: dissolution")),
    Norm("ICH Q3D", ("元素杂质指导原则", "Guideline for elemental impurities")),
    Norm("GB/T 6283-2008", ("化工产品中水分含量的测定 卡尔·费休法", "Chemical products: water, Karl Fischer")),
    Norm("GB/T 6041-2020", ("质谱分析方法通则", "General rules for mass spectrometry")),
    Norm("JY/T 0578-2020", ("超导脉冲傅里叶变换核磁共振测试方法通则", "General rules for NMR")),
    Norm("GB/T 6040-2019", ("红外光谱分析方法通则", "General rules for infrared analysis")),
    Norm("GB/T 6040-2002", ("红外光谱分析方法通则", "General rules for infrared analysis"), "GB/T 6040-2019", date(2020, 5, 1)),
    Norm("GB/T 19466.3-2004", ("塑料 差示扫描量热法(DSC) 第3部分", "Plastics: DSC, part 3")),
    Norm("GB/T 19077-2016", ("粒度分析 激光衍射法", "Particle size analysis: laser diffraction")),
)  # fmt: skip
